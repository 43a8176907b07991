import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model as makeModel,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {toClassifier} from '../../plugin/classifier.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {pgd} from '../../src/index.js';
import {expectClose, worstError} from '../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {apply, convNet, dense, denseNet, seeded} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);
const numbers = (f: () => tf.Tensor) => tf.tidy(() => f().dataSync());
const predicted = (model: LayersModel, t: tf.Tensor = x) => numbers(() => model.predict(t) as tf.Tensor);
const logitsOf = (model: LayersModel, t: tf.Tensor = x, output?: string) =>
  expectNoLeak(() => numbers(() => toClassifier(model, {output})(t)));
const functional = (make: (at: SymbolicTensor) => SymbolicTensor | SymbolicTensor[], shape = [4]) => {
  const at = input({shape});
  return seeded(makeModel({inputs: at, outputs: make(at)}));
};
const softmax = (name?: string) => layers.softmax({name});

describe('the logits of a LayersModel', () => {
  it.each<[string, () => LayersModel, () => LayersModel]>([
    ['a fused softmax', () => denseNet(), () => denseNet({softmax: false})],
    [
      'a Softmax layer behind a nested model',
      () => seeded(sequential({layers: [denseNet({softmax: false}), softmax()]})),
      () => denseNet({softmax: false}),
    ],
    [
      'a softmax inside a nested model, reshaped after it',
      () => seeded(sequential({layers: [denseNet(), layers.reshape({targetShape: [3]})]})),
      () => denseNet({softmax: false}),
    ],
  ])('are what the softmax is given: %s', (_, net, bare) => {
    const [model, same] = [net(), bare()];
    same.setWeights(model.getWeights());
    expectClose(logitsOf(model), predicted(same), 1e-6);
    // The model still ends in its softmax.
    expectClose(
      predicted(model),
      numbers(() => tf.softmax(same.predict(x) as tf.Tensor)),
      1e-6,
    );
  });

  it('are the output of a net that has no softmax, of a log softmax too', () => {
    const model = denseNet({softmax: false});
    expectClose(logitsOf(model), predicted(model), 0);
    const log = functional(at =>
      apply(layers.activation({activation: 'logSoftmax' as never}), apply(dense('a'), at)),
    );
    expectClose(logitsOf(log), predicted(log), 1e-6);
  });

  it('do not saturate where the softmax does', () => {
    const model = denseNet();
    tf.tidy(() => void model.weights[2].write(tf.mul(model.weights[2].read(), 1000)));
    expect(predicted(model).some(p => p === 0)).toBe(true);
    const bare = denseNet({softmax: false});
    bare.setWeights(model.getWeights());
    expect(worstError(logitsOf(model), predicted(bare))).toBeLessThan(1e-6);
  });

  it('are computed at inference: dropout does nothing, batch norm keeps its averages', () => {
    const model = functional(at => {
      const normed = apply(layers.batchNormalization({name: 'norm'}), apply(dense('a', 6), at));
      return apply(dense('b'), apply(layers.dropout({rate: 0.9}), normed));
    });
    const averages = () =>
      model
        .getLayer('norm')
        .getWeights()
        .map(w => Array.from(w.dataSync()));
    const before = averages();
    expectClose(logitsOf(model), predicted(model), 1e-6);
    expectClose(logitsOf(model), logitsOf(model), 0);
    expect(averages()).toEqual(before);
  });

  it('are differentiable with respect to x without a gradient of any weight, linear layers included', async () => {
    const model = convNet({activation: 'linear'});
    const bare = convNet({activation: 'linear', softmax: false});
    bare.setWeights(model.getWeights());
    const pictures = randomTensor([2, 6, 6, 2], 3);
    const slope = (f: (t: tf.Tensor) => tf.Tensor) => tf.grad(t => tf.sum(tf.square(f(t))))(pictures);
    const slopes: tf.Tensor[] = [];
    const filterGradients = async (f: (t: tf.Tensor) => tf.Tensor) => {
      const {kernels} = await tf.profile(() => void slopes.push(slope(f)));
      return kernels.filter(({name}) => name === 'Conv2DBackpropFilter').length;
    };
    // tfjs's own pass computes the gradient of both convolutions' filters and throws it away.
    expect(await filterGradients(t => bare.predict(t) as tf.Tensor)).toBe(2);
    expect(await filterGradients(toClassifier(model))).toBe(0);
    expectClose(slopes[1].dataSync(), slopes[0].dataSync(), 1e-5);
    tf.dispose(slopes);
  });

  it('are those of the output that is named, where there are several', async () => {
    const model = functional(at => {
      const hidden = apply(dense('h'), at);
      return [apply(dense('a', 2, {activation: 'softmax'}), hidden), apply(dense('b', 3), hidden)];
    });
    await expectRefusal(() => toClassifier(model), 'output', 'several outputs', 'a, b');
    await expectRefusal(() => toClassifier(model, {output: 'c'}), 'output', "'c'", 'a, b');
    const [, b] = tf.tidy(() => (model.predict(x) as tf.Tensor[]).map(t => t.dataSync()));
    expectClose(logitsOf(model, x, 'b'), b, 1e-6);
    expect(logitsOf(model, x, 'a')).toHaveLength(10);
  });

  it('are those of the output that a LargeMarginModel has its margin at', async () => {
    const base = functional(at => [apply(dense('a', 2), at), apply(dense('b', 3), at)]);
    const model = new LargeMarginModel(base, {gamma: 1, output: 'b'});
    expectClose(logitsOf(model), logitsOf(base, x, 'b'), 0);
    expectClose(logitsOf(model, x, 'b'), logitsOf(base, x, 'b'), 0);
    await expectRefusal(() => toClassifier(model, {output: 'a'}), 'output', "model's margin, b", "'a'");
  });

  it('cannot be had of a softmax that something else uses, and a function helps', async () => {
    const model = functional(at => {
      const p = apply(dense('a', 3, {activation: 'softmax'}), at);
      return [p, apply(dense('b'), p)];
    });
    await expectRefusal(
      () => toClassifier(model, {output: model.outputNames[0]}),
      'output',
      'softmax',
      'x -> logits',
    );
  });

  it('cannot be had of a sigmoid, of probabilities that are averaged and of a single unit', async () => {
    const sigmoid = functional(at => apply(dense('a', 3, {activation: 'sigmoid'}), at));
    await expectRefusal(() => toClassifier(sigmoid), 'output', 'made of probabilities', 'x -> logits');
    const ensemble = functional(at => {
      const parts = ['a', 'b'].map(name => apply(dense(name, 3, {activation: 'softmax'}), at));
      return apply(layers.average(), parts);
    });
    await expectRefusal(() => toClassifier(ensemble), 'output', 'a, made of probabilities');
    const unit = functional(at => apply(dense('a', 1, {activation: 'sigmoid'}), at));
    await expectRefusal(
      () => toClassifier(unit),
      'output',
      'two classes',
      'tf.concat([tf.zerosLike(z), z], 1)',
    );
  });

  it('that turn out to be probabilities all the same are refused by the attack', async () => {
    // What the product of a layer that nobody knows with 1 is, only its numbers tell.
    const late = functional(at => {
      const p = apply(dense('a', 3, {activation: 'softmax'}), at);
      return apply(layers.reshape({targetShape: [3]}), apply(layers.permute({dims: [1]}), p));
    });
    const inside = tf.sigmoid(x);
    await expectRefusal(
      () => pgd(toClassifier(late), inside, [0, 1, 2, 0, 1], {epsilon: 0.1}),
      'classifier',
      'probabilities',
    );
    inside.dispose();
  });

  it('cannot be had of a Sequential that does not know its inputs, and can of one that is not built yet', async () => {
    await expectRefusal(() => toClassifier(sequential()), 'model', 'known input shape');
    const model = sequential({layers: [layers.dense({units: 3, inputShape: [4]})]});
    expectClose(logitsOf((toClassifier(model), model)), predicted(model), 1e-6);
  });

  it('cannot be had of an output with more axes', async () => {
    const steps = functional(at => apply(dense('a', 3), at), [2, 4]);
    await expectRefusal(() => toClassifier(steps), 'output', '[batch, classes]', 'x -> logits');
  });

  it('cannot be attacked through integers or by halves: several inputs, ids, state', async () => {
    const [a, b] = [input({shape: [4]}), input({shape: [4]})];
    const two = makeModel({inputs: [a, b], outputs: apply(dense('c'), apply(layers.add(), [a, b]))});
    await expectRefusal(() => toClassifier(two), 'model', 'one input', '2 inputs');
    const ids = functional(at =>
      apply(dense('a'), apply(layers.flatten(), apply(layers.embedding({inputDim: 9, outputDim: 2}), at))),
    );
    await expectRefusal(() => toClassifier(ids), 'model', 'ids of an Embedding', 'integers have no gradient');
    const whole = input({shape: [4], dtype: 'int32'});
    const ints = makeModel({inputs: whole, outputs: apply(dense('d'), whole)});
    await expectRefusal(() => toClassifier(ints), 'model', 'float32', 'int32');
    const memory = layers.simpleRNN({units: 3, stateful: true, batchInputShape: [2, 3, 4]});
    const recurrent = sequential({layers: [memory]});
    recurrent.predict(randomTensor([2, 3, 4], 3));
    await expectRefusal(() => toClassifier(recurrent), 'model', 'no state');
  });
});
