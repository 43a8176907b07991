import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as makeModel, sequential, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {toClassifier} from '../../plugin/classifier.js';
import '../../plugin/register.js';
import {addScopedKernels, isWithinKernels} from '../../plugin/kernel_scope.js';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {fgsm, pgd} from '../../src/index.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeak, expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, labelsOf, weightsOf} from '../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([5, 4], 1);
const pictures = tf.tidy(() => tf.sigmoid(randomTensor([3, 6, 6, 2], 2)));

describe('toClassifier', () => {
  it('gives logits that are float32 [batch, classes], and leaves nothing but them', () => {
    const classifier = toClassifier(denseNet());
    const logits = expectNoLeak(() => classifier(x));
    expect([logits.shape, logits.dtype]).toEqual([[5, 3], 'float32']);
    expectNoLeak(() => tf.tidy(() => void classifier(x)));
  });

  it('sees what training does to the model afterwards, and leaves the model as it is', async () => {
    const model = denseNet();
    const classifier = toClassifier(model);
    const before = tf.tidy(() => Array.from(classifier(x).dataSync()));
    const weights = weightsOf(model);
    await expectNoLeakAsync(async () => void (await classifier.fingerprint!()));
    expect(weightsOf(model)).toEqual(weights);
    tf.tidy(() => model.weights.forEach(weight => weight.write(tf.mul(weight.read(), 2))));
    expect(tf.tidy(() => Array.from(classifier(x).dataSync()))).not.toEqual(before);
  });

  it('attacks in the units of x where a function leads from there to what the model was trained on', async () => {
    const model = convNet();
    const preprocess = (t: tf.Tensor) => tf.sub(tf.mul(t, 2), 1);
    const classifier = toClassifier(model, {preprocess});
    tf.tidy(() =>
      expectClose(classifier(pictures).dataSync(), toClassifier(model)(preprocess(pictures)).dataSync(), 0),
    );
    // Chain rule: d/dx f(2 x - 1) = 2 f'(2 x - 1).
    tf.tidy(() => {
      const slope = (f: (t: tf.Tensor) => tf.Tensor, at: tf.Tensor) =>
        tf.grad(t => tf.sum(tf.square(f(t))))(at);
      const inner = slope(toClassifier(model), preprocess(pictures));
      expectClose(slope(classifier, pictures).dataSync(), tf.mul(inner, 2).dataSync(), 1e-6);
    });
    const {distance, adversarial} = await fgsm(classifier, pictures, [0, 1, 2], {epsilon: 0.125});
    // FGSM moves every pixel that does not meet a bound by epsilon, in units of the picture.
    expect(Array.from(distance)).toEqual([0.125, 0.125, 0.125]);
    adversarial.dispose();
  });

  it('lets a LargeMarginModel be attacked by its own loss, and no other model', async () => {
    const own = toClassifier(new LargeMarginModel(convNet(), {gamma: 1, layers: ['conv1']}));
    const options = {epsilon: 0.3, loss: 'own', steps: 5} as const;
    const result = await expectNoLeakAsync(() => pgd(own, pictures, [0, 1, 2], options));
    expect(result.gradients).toEqual(['sound', 'sound', 'sound']);
    result.adversarial.dispose();
    const plain = toClassifier(convNet());
    await expectRefusal(() => pgd(plain, pictures, [0, 1, 2], options), 'loss', 'LargeMarginModel');
  });

  it('runs passes within the faster kernels', () => {
    const remove = addScopedKernels(() => () => {});
    expect(toClassifier(denseNet()).within!(() => isWithinKernels())).toBe(true);
    remove();
    expect(isWithinKernels()).toBe(false);
  });

  it('refuses arguments that are none, and says what they are', async () => {
    await expectRefusal(() => toClassifier(null as never), 'model', 'null', 'x -> logits');
    await expectRefusal(() => toClassifier((() => x) as never), 'model', 'x -> logits');
    const model = denseNet();
    await expectRefusal(() => toClassifier(model, null as never), 'options', 'null');
    await expectRefusal(() => toClassifier(model, {outputs: 'a'} as never), 'options', "'outputs'");
    await expectRefusal(() => toClassifier(model, {output: 1} as never), 'output', '1');
    await expectRefusal(() => toClassifier(model, {preprocess: 2} as never), 'preprocess', '2');
  });

  it('refuses inputs of another shape, dead ones, and what a preprocess makes of them', async () => {
    const model = denseNet();
    const classifier = toClassifier(model);
    const [wide, none] = [tf.zeros([2, 5]), tf.zeros([0, 4])];
    await expectRefusal(() => classifier(wide), 'x', '[any, 4]', '[2, 5]');
    await expectRefusal(() => classifier(none), 'x', '[0, 4]');
    await expectRefusal(() => tf.tidy(() => classifier(wide)), 'x');
    wide.dispose();
    await expectRefusal(() => classifier(wide), 'x', 'a disposed tensor');
    await expectRefusal(() => classifier([1, 2] as never), 'x', 'Array');
    const nothing = toClassifier(model, {preprocess: () => undefined as never});
    await expectRefusal(() => nothing(x), 'preprocess', 'undefined');
    const halved = toClassifier(model, {preprocess: t => tf.slice(t, 0, 1)});
    await expectRefusal(() => halved(x), 'x', '[1, 4]');
    const broken = toClassifier(model, {
      preprocess: t => {
        tf.add(t, 1);
        throw new TypeError('planned');
      },
    });
    expect(() => expectNoLeak(() => broken(x))).toThrow('planned');
  });

  it('lets NaN through: the attack calls it broken', async () => {
    const model = denseNet();
    const classifier = toClassifier(model);
    const spoilt = tf.tidy(() => tf.mul(x, NaN));
    expect(tf.tidy(() => classifier(spoilt).dataSync().every(Number.isNaN))).toBe(true);
  });

  it('says that a model was disposed of', async () => {
    const model = sequential({layers: [layers.dense({units: 3, inputShape: [4]})]});
    const classifier = toClassifier(model);
    model.dispose();
    await expectRefusal(() => classifier(x), 'model', 'disposed of');
    await expectRefusal(() => classifier.fingerprint!(), 'model', 'disposed of');
  });

  it('refuses labels that do not fit to its own loss', async () => {
    const {ownLoss} = toClassifier(new LargeMarginModel(denseNet(), {gamma: 1}));
    const labels = labelsOf([0, 1]);
    await expectRefusal(() => ownLoss!(x, labels), 'labels', '[5, 3]', '[2, 3]');
  });

  describe('fingerprint', () => {
    const print = (...args: Parameters<typeof toClassifier>) => toClassifier(...args).fingerprint!();

    it('is equal for nets made alike with equal weights, whatever their layers are called', async () => {
      const net = () => {
        const inner = [
          layers.dense({units: 3, activation: 'relu', inputShape: [4], kernelInitializer: 'ones'}),
        ];
        return sequential({layers: [...inner, layers.dense({units: 2, kernelInitializer: 'ones'})]});
      };
      const [a, b] = [net(), net()];
      expect(a.layers[0].name).not.toBe(b.layers[0].name);
      expect(await print(a)).toBe(await print(b));
    });

    it('differs after a change of one weight by one bit, and is the old one when that is undone', async () => {
      const model = denseNet();
      const before = await print(model);
      const kernel = model.weights[0];
      const values = kernel.read().dataSync().slice();
      const bits = new Int32Array(values.buffer.slice(0));
      bits[7] ^= 1;
      const write = (numbers: Float32Array) =>
        tf.tidy(() => void kernel.write(tf.tensor(numbers, kernel.shape as number[])));
      write(new Float32Array(bits.buffer));
      expect(await print(model)).not.toBe(before);
      write(values as Float32Array);
      expect(await print(model)).toBe(before);
    });

    it('differs with an activation, an order of layers, an output, a preprocess and margin options', async () => {
      const at = input({shape: [4]});
      const [a, b] = ['a', 'b'].map(name => layers.dense({units: 3, name, kernelInitializer: 'ones'}));
      const twoOutputs = makeModel({
        inputs: at,
        outputs: [
          a.apply(at),
          layers.activation({activation: 'relu', name: 'c'}).apply(b.apply(at)),
        ] as SymbolicTensor[],
      });
      const prints = await Promise.all([
        print(denseNet({activation: 'tanh'})),
        print(denseNet({activation: 'relu'})),
        print(denseNet(), {preprocess: t => tf.mul(t, 2)}),
        print(denseNet(), {preprocess: t => tf.mul(t, 3)}),
        print(new LargeMarginModel(denseNet(), {gamma: 1})),
        print(new LargeMarginModel(denseNet(), {gamma: 2})),
        print(twoOutputs, {output: 'a'}),
        print(twoOutputs, {output: 'c'}),
      ]);
      expect(new Set(prints).size).toBe(8);
    });
  });
});
