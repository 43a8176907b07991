import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, marginLoss, marginRegularizer} from '../../../plugin/index.js';
import {disableNativeKernels, enableNativeKernels} from '../../../plugin/kernels/node/index.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {compareGradient} from '../../support/finite_differences.js';
import {markedNet} from '../../support/marked_nets.js';
import {withNativeKernels} from '../../support/native_kernels.js';
import {randomTensor} from '../../support/randoms.js';
import {dense, labelsOf, seeded, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);

type Loss = (labels: tf.Tensor, outputs: tf.Tensor) => tf.Tensor;
const run = (net: LayersModel, x: tf.Tensor, training = true) => net.apply(x, {training}) as tf.Tensor;
const meanOf = (loss: Loss, net: LayersModel, labels = y, inputs: tf.Tensor = x) =>
  tf.mean(loss(labels, run(net, inputs))) as tf.Scalar;

/** The gradients of a function of a net, by weight. */
function gradients(net: LayersModel, f: () => tf.Scalar): number[] {
  const {value, grads} = tf.variableGrads(
    f,
    net.trainableWeights.map(w => w.read() as tf.Variable),
  );
  const numbers = Object.values(grads).flatMap(g => Array.from(g.dataSync()));
  tf.dispose([value, grads]);
  return numbers;
}

describe('marginLoss in a loop of your own', () => {
  it.each([true, false])(
    'trains as fit does, without a tensor more after any step (softmax %s)',
    async softmax => {
      const [net, fitted] = [markedNet({softmax}), markedNet({softmax})];
      const [loss, optimizer] = [marginLoss(net, {gamma: 1}), tf.train.adam(0.1)];
      optimizer.minimize(() => meanOf(loss, net));
      const before = tf.memory().numTensors;
      for (let step = 1; step < 30; step++) {
        optimizer.minimize(() => meanOf(loss, net));
        expect(tf.memory().numTensors).toBe(before);
      }
      fitted.compile({optimizer: tf.train.adam(0.1), loss: marginLoss(fitted, {gamma: 1})});
      await fitted.fit(x, y, {epochs: 30, shuffle: false, verbose: 0});
      expectClose(weightsOf(net).flat(), weightsOf(fitted).flat(), 1e-4);
    },
  );

  it('leaves no tensor, on a tape and without one', () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    expectNoLeak(() => tf.dispose(tf.variableGrads(() => meanOf(loss, net)) as never));
    expectNoLeak(() => tf.tidy(() => void meanOf(loss, net)));
    const outputs = net.predict(x) as tf.Tensor;
    expect(expectNoLeak(() => loss(y, outputs)).shape).toEqual([6]);
  });

  it('has the slope of its value', () => {
    const net = seeded(
      sequential({
        layers: [
          marginRegularizer({inputShape: [4]}),
          dense('h', 4, {activation: 'tanh'}),
          marginRegularizer({gamma: 3}),
          dense('scores', 3, {activation: 'softmax'}),
        ],
      }),
    );
    const loss = marginLoss(net, {gamma: 2, clip: null});
    const variables = net.trainableWeights.map(w => w.read() as tf.Variable);
    const {value, grads} = tf.variableGrads(() => meanOf(loss, net), variables);
    const numbers = variables.map(({name}) => grads[name].dataSync());
    const measure = () => {
      const {value, grads} = tf.variableGrads(() => meanOf(loss, net), variables);
      const [number] = value.dataSync();
      tf.dispose([value, grads]);
      return number;
    };
    const {error, isSettled} = compareGradient(measure, variables, numbers);
    expect(isSettled).toBe(true);
    expect(error).toBeLessThan(2e-3);
    tf.dispose([value, grads]);
  });

  it.each([true, false])(
    'may be asked for several batches on one tape, in any order (softmax %s)',
    softmax => {
      const net = markedNet({softmax});
      const loss = marginLoss(net, {gamma: 1});
      const [a, b] = [x, randomTensor<tf.Tensor2D>([3, 4], 9)];
      const [ya, yb] = [y, labelsOf([2, 0, 1])];
      const alone = [
        gradients(net, () => meanOf(loss, net, ya, a)),
        gradients(net, () => meanOf(loss, net, yb, b)),
      ];
      const expected = alone[0].map((g, i) => g + alone[1][i]);
      const inTurn = () => tf.add(meanOf(loss, net, ya, a), meanOf(loss, net, yb, b)) as tf.Scalar;
      const bothFirst = () => {
        const [outA, outB] = [run(net, a), run(net, b)];
        const [lossB, lossA] = [loss(yb, outB), loss(ya, outA)];
        return tf.add(tf.mean(lossA), tf.mean(lossB)) as tf.Scalar;
      };
      expectClose(gradients(net, inTurn), expected, 1e-6);
      expectClose(gradients(net, bothFirst), expected, 1e-6);
    },
  );

  it('may be asked twice for the same outputs, as when it is a metric too', async () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    const twice = () => {
      const outputs = run(net, x);
      return tf.mean(tf.add(loss(y, outputs), loss(y, outputs))) as tf.Scalar;
    };
    const once = gradients(net, () => meanOf(loss, net));
    expectClose(
      gradients(net, twice),
      once.map(g => 2 * g),
      1e-6,
    );
    net.compile({optimizer: tf.train.sgd(0.1), loss, metrics: [loss]});
    const [shown, again] = (await net.trainOnBatch(x, y)) as number[];
    expect(again).toBe(shown);
  });

  it('takes the outputs of predict, as far as they come of one batch', async () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    const predicted = () => tf.mean(loss(y, net.predict(x) as tf.Tensor)) as tf.Scalar;
    expectClose(
      gradients(net, predicted),
      gradients(net, () => meanOf(loss, net)),
      1e-6,
    );
    const [many, labels] = [randomTensor([40, 4], 1), labelsOf(Array.from({length: 40}, (_, i) => i % 3))];
    for (const net of [markedNet(), markedNet({softmax: false})]) {
      const loss = marginLoss(net, {gamma: 1});
      const inBatches = () => tf.mean(loss(labels, net.predict(many) as tf.Tensor)) as tf.Scalar;
      await expectRefusal(
        () => gradients(net, inBatches),
        'model',
        'run as a whole, by model.apply',
        '2 uses',
      );
    }
  });

  it('refuses outputs that were computed elsewhere', async () => {
    const [net, other] = [markedNet(), markedNet({softmax: false})];
    const outputs = run(net, x);
    for (const model of [net, other]) {
      const loss = marginLoss(model, {gamma: 1});
      const elsewhere = () => tf.mean(loss(y, tf.clone(outputs))) as tf.Scalar;
      await expectRefusal(() => gradients(net, elsewhere), 'model', 'on the tape where', '0 uses');
      const runToo = () => (run(model, x), elsewhere());
      await expectRefusal(() => gradients(net, runToo), 'model', 'on the tape where', '1 uses');
    }
    outputs.dispose();
  });
});

describe('attacks on a net with marks', () => {
  const plain = () => {
    const net = markedNet();
    const bare = seeded(
      sequential({
        layers: [
          dense('hidden', 5, {activation: 'relu', inputShape: [4]}),
          dense('scores', 3, {activation: 'softmax'}),
        ],
      }),
    );
    bare.setWeights(net.getWeights());
    return bare;
  };
  const attack = (net: LayersModel) =>
    tf.tidy(() => {
      const f = (x: tf.Tensor) => tf.mean(tf.losses.logLoss(y, net.predict(x) as tf.Tensor)) as tf.Scalar;
      return tf
        .grad(f as never)(x)
        .dataSync();
    });

  it('find the gradients of the net without them, bit for bit, and leave no tensor', () => {
    const net = markedNet();
    const expected = attack(plain());
    expect(attack(net)).toEqual(expected);
    marginLoss(net, {gamma: 1});
    expect(expectNoLeak(() => attack(net))).toEqual(expected);
    expect(Math.max(...expected)).toBeGreaterThan(0);
  });

  it('find those of the margin loss itself, as in a LargeMarginModel', () => {
    const [net, wrapped] = [markedNet(), new LargeMarginModel(markedNet(), {gamma: 1})];
    const loss = marginLoss(net, {gamma: 1});
    const [ours, theirs] = [
      (x: tf.Tensor) => meanOf(loss, net, y, x),
      (x: tf.Tensor) => wrapped.computeLoss(x, y).loss,
    ].map(f =>
      expectNoLeak(() =>
        tf.tidy(() =>
          tf
            .grad(f as never)(x)
            .dataSync(),
        ),
      ),
    );
    expectClose(ours, theirs, 1e-6);
  });

  it('and a LargeMarginModel of the same net, find what they found before the loss was made', () => {
    const net = markedNet();
    const wrapped = new LargeMarginModel(net, {gamma: 1});
    const read = () =>
      tf.tidy(() =>
        tf
          .grad(x => wrapped.computeLoss(x, y).loss)(x)
          .dataSync(),
      );
    const before = read();
    marginLoss(net, {gamma: 1});
    expect(expectNoLeak(read)).toEqual(before);
  });

  it('may be made within a step: the loss is that of the last run', () => {
    const net = markedNet();
    const loss = marginLoss(net, {gamma: 1});
    const perturb = () =>
      tf.tidy(() => {
        const f = (x: tf.Tensor) => tf.mean(tf.losses.logLoss(y, run(net, x, false))) as tf.Scalar;
        return tf.add(x, tf.mul(0.1, tf.sign(tf.grad(f as never)(x))));
      });
    const outside = perturb();
    const expected = gradients(net, () => meanOf(loss, net, y, outside));
    expectClose(
      gradients(net, () => meanOf(loss, net, y, perturb())),
      expected,
      1e-5,
    );
    outside.dispose();
  });
});

describe('marginLoss computes with what it is given', () => {
  it('whatever kernels are in place', () => {
    const picture = randomTensor([6, 8, 8, 1], 3);
    const make = () =>
      seeded(
        sequential({
          layers: [
            layers.conv2d({filters: 3, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1]}),
            marginRegularizer(),
            layers.maxPooling2d({poolSize: 2}),
            layers.flatten(),
            dense('scores', 3, {activation: 'softmax'}),
          ],
        }),
      );
    const train = () => {
      const net = make();
      const loss = marginLoss(net, {gamma: 1});
      const optimizer = tf.train.adam(0.01);
      for (let step = 0; step < 3; step++) optimizer.minimize(() => meanOf(loss, net, y, picture));
      return weightsOf(net).flat();
    };
    const expected = train();
    expectClose(withNativeKernels(train), expected, 1e-5);
    // Within steps of a LargeMarginModel only: none of a plain model.
    enableNativeKernels({scope: 'largeMargin'});
    try {
      expect(train()).toEqual(expected);
    } finally {
      disableNativeKernels();
    }
  });

  it('NaN in the data is NaN in the loss and in the weights', async () => {
    const sick = tf.tidy(() => tf.concat([tf.slice(x, 0, 5), tf.fill([1, 4], NaN)]));
    for (const gradient of ['exact', 'firstOrder'] as const) {
      const net = markedNet();
      // Without the label loss, which would be NaN anyway.
      const options = {gamma: 1, gradient, crossEntropyWeight: 0, scores: 'probabilities'} as const;
      net.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(net, options)});
      const {history} = await net.fit(sick, y, {verbose: 0, shuffle: false, validationData: [sick, y]});
      expect(history.loss).toEqual([NaN]);
      expect(history.val_loss).toEqual([NaN]);
      expect(weightsOf(net).flat().some(Number.isNaN)).toBe(true);
      const sane = markedNet();
      sane.compile({optimizer: tf.train.sgd(0.1), loss: marginLoss(sane, options)});
      expect(await sane.trainOnBatch(x, y)).toBeGreaterThan(0);
    }
    sick.dispose();
  });
});
