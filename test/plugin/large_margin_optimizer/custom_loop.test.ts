import * as tf from '@tensorflow/tfjs-core';
import {beforeEach, describe, expect, it, vi} from 'vitest';
import {
  largeMarginLoss,
  LargeMarginOptimizer,
  type LargeMarginOptimizerOptions,
  type Observed,
} from '../../../plugin/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const OPTIONS = {gamma: 2, topK: 2, marginWeight: 0.5, crossEntropyWeight: 0.7} as const;

let variables: tf.Variable[];

/** tanh(x w1) w2, in tfjs without layers. */
function forward() {
  const [w1, w2] = variables;
  const hidden = tf.tanh(tf.matMul(x, w1 as tf.Tensor as tf.Tensor2D)) as tf.Tensor2D;
  return {hidden, logits: tf.matMul(hidden, w2 as tf.Tensor as tf.Tensor2D) as tf.Tensor2D};
}

const labelLoss = (logits: tf.Tensor2D, weights?: tf.Tensor1D) =>
  tf.losses.softmaxCrossEntropy(y, logits, weights, 0, tf.Reduction.MEAN) as tf.Scalar;

function reset(): void {
  tf.dispose(variables ?? []);
  variables = tf.tidy(() => [
    tf.variable(randomTensor([4, 5], 2, 0.6)),
    tf.variable(randomTensor([5, 3], 3, 0.6)),
  ]);
}

/** The numbers of the variables after one step by f, from the same start. */
function after(optimizer: tf.Optimizer, f: () => tf.Scalar): number[] {
  reset();
  tf.tidy(() => void optimizer.minimize(f, true, variables));
  return variables.flatMap(v => Array.from(v.dataSync()));
}

const adapter = (options: LargeMarginOptimizerOptions = OPTIONS) =>
  new LargeMarginOptimizer(tf.train.sgd(0.1), options);

beforeEach(reset);

describe('observe', () => {
  it.each(['exact', 'firstOrder'] as const)('adds what largeMarginLoss gives (%s)', gradient => {
    const optimizer = adapter({...OPTIONS, gradient});
    const ours = after(optimizer, () => {
      const {hidden, logits} = forward();
      optimizer.observe({labels: y, logits, activations: {input: x, hidden}});
      return labelLoss(logits);
    });
    const theirs = after(tf.train.sgd(0.1), () => {
      const {hidden, logits} = forward();
      return largeMarginLoss(y, logits, {input: x, hidden}, {...OPTIONS, gradient}).loss;
    });
    expectClose(ours, theirs, 1e-6);
    expect(ours).not.toEqual(after(tf.train.sgd(0.1), () => labelLoss(forward().logits)));
  });

  it('returns the cost with the margin in it', () => {
    const optimizer = adapter();
    let expected = 0;
    const cost = optimizer.minimize(
      () => {
        const {hidden, logits} = forward();
        optimizer.observe({labels: y, logits, activations: {input: x, hidden}});
        return labelLoss(logits);
      },
      true,
      variables,
    )!;
    reset();
    tf.tidy(() => {
      const run = () => {
        const {hidden, logits} = forward();
        return largeMarginLoss(y, logits, {input: x, hidden}, OPTIONS).loss;
      };
      expected = tf.variableGrads(run, variables).value.dataSync()[0];
    });
    expectClose(cost.dataSync(), [expected], 1e-6);
    cost.dispose();
  });

  it('takes class indices, and a label loss of any kind', () => {
    const indices = tf.tensor1d([0, 1, 2, 2, 1, 0], 'int32');
    const byLabels = (labels: tf.Tensor) => {
      const optimizer = adapter({...OPTIONS, crossEntropyWeight: 3});
      return after(optimizer, () => {
        const {hidden, logits} = forward();
        optimizer.observe({labels, logits, activations: {hidden}});
        return tf.sum(tf.square(logits)) as tf.Scalar;
      });
    };
    expect(byLabels(indices)).toEqual(byLabels(y));
    indices.dispose();
  });

  it('weighs the margins of the examples with sampleWeight: 0 is as if an example were not there', () => {
    // Means over the batch: four examples of weight 6/4 and two of 0 have the mean of the four alone.
    const weights = tf.tensor1d([1.5, 1.5, 1.5, 1.5, 0, 0]);
    const options = {...OPTIONS, crossEntropyWeight: 0};
    const optimizer = adapter(options);
    const weighted = after(optimizer, () => {
      const {hidden, logits} = forward();
      optimizer.observe({labels: y, logits, activations: {hidden}, sampleWeight: weights});
      return tf.scalar(0);
    });
    const alone = after(tf.train.sgd(0.1), () => {
      const {hidden, logits} = forward();
      const [h, z, l] = [hidden, logits, y].map(t => tf.slice(t as tf.Tensor2D, 0, 4));
      const ofFour = tf.matMul(h as tf.Tensor2D, variables[1] as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
      return tf.add(largeMarginLoss(l, ofFour, {hidden: h}, options).loss, tf.mul(0, tf.sum(z))) as tf.Scalar;
    });
    expectClose(weighted, alone, 1e-6);
    weights.dispose();
  });

  it('may be called within a tidy', () => {
    const run = (within: <T extends tf.TensorContainer>(f: () => T) => T) => {
      const weights = [0, 1, 2, 3, 4, 5];
      const optimizer = adapter();
      return after(optimizer, () =>
        within(() => {
          const {hidden, logits} = forward();
          const labels = tf.clone(y);
          const sampleWeight = tf.tensor1d(weights);
          optimizer.observe({labels, logits, activations: {hidden}, sampleWeight});
          return labelLoss(logits, sampleWeight);
        }),
      );
    };
    expect(run(f => tf.tidy(f))).toEqual(run(f => f()));
  });

  it('comes before an attached model where it shows logits and activations', () => {
    const model = denseNet();
    const optimizer = new LargeMarginOptimizer(tf.train.sgd(0.1), {...OPTIONS, model});
    const ours = after(optimizer, () => {
      const {hidden, logits} = forward();
      optimizer.observe({labels: y, logits, activations: {hidden}});
      return labelLoss(logits);
    });
    const other = adapter();
    const theirs = after(other, () => {
      const {hidden, logits} = forward();
      other.observe({labels: y, logits, activations: {hidden}});
      return labelLoss(logits);
    });
    expect(ours).toEqual(theirs);
  });

  it('leaves no tensor behind, in a tidy and out of it', () => {
    const optimizer = adapter();
    const step = (returnCost: boolean) =>
      optimizer.minimize(
        () => {
          const {hidden, logits} = forward();
          optimizer.observe({labels: y, logits, activations: {input: x, hidden}});
          return labelLoss(logits);
        },
        returnCost,
        variables,
      );
    expectNoLeak(() => void step(false));
    expectNoLeak(() => step(true))!.dispose();
    expectNoLeak(() => tf.tidy(() => void step(true)));
  });

  it('warns of masked gradients once, not in every step', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const optimizer = adapter({gamma: 1, gradient: 'firstOrder', crossEntropyWeight: 0});
    for (let step = 0; step < 3; step++) {
      after(optimizer, () => {
        const {hidden, logits} = forward();
        optimizer.observe({labels: y, logits, activations: {hidden}});
        return labelLoss(logits);
      });
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][0]).toContain("'firstOrder'");
    warn.mockRestore();
  });
});

describe('observe refuses', () => {
  /** Takes a step in which this is observed. */
  const observing = (make: (logits: tf.Tensor2D, hidden: tf.Tensor) => unknown, optimizer = adapter()) => {
    return () =>
      optimizer.minimize(
        () => {
          const {hidden, logits} = forward();
          optimizer.observe(make(logits, hidden) as Observed);
          return labelLoss(logits);
        },
        false,
        variables,
      );
  };

  it('to be called outside of minimize', async () => {
    const observed = {labels: y, logits: y, activations: {x}};
    const optimizer = adapter();
    await expectRefusal(() => optimizer.observe(observed), 'the call', 'inside minimize');
  });

  it('a second call in a step, and takes one again in the next', async () => {
    const optimizer = adapter();
    const twice = () => {
      const {hidden, logits} = forward();
      optimizer.observe({labels: y, logits, activations: {hidden}});
      optimizer.observe({labels: y, logits, activations: {hidden}});
      return labelLoss(logits);
    };
    await expectRefusal(() => optimizer.minimize(twice, false, variables), 'the call', 'only one');
    observing((logits, hidden) => ({labels: y, logits, activations: {hidden}}), optimizer)();
  });

  it.each<[string, string, (logits: tf.Tensor2D, hidden: tf.Tensor) => unknown]>([
    ['nothing', 'the argument', () => undefined],
    ['no labels', 'labels', (logits, hidden) => ({logits, activations: {hidden}})],
    [
      'labels that are no tensor',
      'labels',
      (logits, hidden) => ({labels: [0], logits, activations: {hidden}}),
    ],
    ['no logits', 'logits', (_, hidden) => ({labels: y, activations: {hidden}})],
    ['no activations', 'activations', logits => ({labels: y, logits})],
    ['activations that are none', 'activations', logits => ({labels: y, logits, activations: {hidden: 3}})],
    [
      'a key that it does not know',
      'the argument',
      (logits, hidden) => ({labels: y, logits, activations: {hidden}, sampleWeights: x}),
    ],
    [
      'labels of another size',
      'labels',
      (logits, hidden) => ({labels: tf.slice(y, 0, 3), logits, activations: {hidden}}),
    ],
    [
      'weights of another size',
      'sampleWeight',
      (logits, hidden) => ({labels: y, logits, activations: {hidden}, sampleWeight: tf.ones([3])}),
    ],
    [
      'negative weights',
      'sampleWeight',
      (logits, hidden) => ({labels: y, logits, activations: {hidden}, sampleWeight: tf.fill([6], -1)}),
    ],
  ])('%s', async (_, argument, make) => {
    const before = variables.map(v => v.dataSync().slice());
    await expectRefusal(observing(make), argument, 'LargeMarginOptimizer.observe');
    expect(variables.map(v => v.dataSync())).toEqual(before);
  });

  it('an activation that does not lead to the logits', async () => {
    await expectRefusal(
      observing(logits => ({labels: y, logits, activations: {other: tf.ones([6, 2])}})),
      'layers',
      'other',
    );
  });

  it('label smoothing, for the label loss is the caller’s own', async () => {
    const smooth = adapter({...OPTIONS, labelSmoothing: 0.1});
    const observed = (logits: tf.Tensor2D, hidden: tf.Tensor) => ({labels: y, logits, activations: {hidden}});
    await expectRefusal(observing(observed, smooth), 'labelSmoothing', 'smooth within your own loss');
  });

  it('where no options of a margin were given', async () => {
    const bare = new LargeMarginOptimizer('sgd');
    const observed = (logits: tf.Tensor2D, hidden: tf.Tensor) => ({labels: y, logits, activations: {hidden}});
    await expectRefusal(observing(observed, bare), 'gamma', 'gamma');
  });
});
