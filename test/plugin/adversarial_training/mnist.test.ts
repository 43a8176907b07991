import * as tf from '@tensorflow/tfjs-node';
import {afterAll, describe, expect, it} from 'vitest';
import {adversarialDataset, type MappableDataset} from '../../../plugin/adversarial_training.js';
import {toClassifier} from '../../../plugin/classifier.js';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import '../../../plugin/register.js';
import {fgsm, ifgsm, pgd, presets} from '../../../src/index.js';
import {firstPictures} from '../../reference/attacks/mnist.js';

const EPSILON = 0.1;
const TRAINED = 3000;
const ATTACKED = 200;
const EPOCHS = 4;
const BATCH = 50;
const train = firstPictures('train', TRAINED);
const test = firstPictures('t10k', ATTACKED);

function net(): tf.LayersModel {
  const init = (seed: number) => tf.initializers.heNormal({seed});
  const conv = (seed: number, filters: number, rest: object = {}) =>
    tf.layers.conv2d({
      ...{filters, kernelSize: 5, strides: 2, padding: 'same', activation: 'relu'},
      ...{kernelInitializer: init(seed), ...rest},
    });
  return tf.sequential({
    layers: [
      conv(1, 8, {inputShape: [28, 28, 1]}),
      conv(2, 16),
      tf.layers.flatten(),
      tf.layers.dense({units: 10, activation: 'softmax', kernelInitializer: init(3)}),
    ],
  });
}

const oneHot = tf.tidy(() => tf.cast(tf.oneHot(train.labels, 10), 'float32'));

/** Slices of tensors: tf.data would take most of the time to put lists of pixels together. */
const batches = () =>
  tf.data.generator(function* () {
    for (let start = 0; start < TRAINED; start += BATCH)
      yield {xs: train.x.slice(start, BATCH), ys: oneHot.slice([start, 0], [BATCH, 10])};
  });

/** Shares of right answers, in percent. */
async function figures(model: tf.LayersModel): Promise<Record<string, number>> {
  const classifier = toClassifier(model);
  const share = async (result: Promise<{success: boolean[]; adversarial: tf.Tensor}>) => {
    const {success, adversarial} = await result;
    adversarial.dispose();
    return (100 * success.filter(wrong => !wrong).length) / ATTACKED;
  };
  const {x, labels} = test;
  return {
    clean: await share(fgsm(classifier, x, labels, {epsilon: 0})),
    fgsm: await share(fgsm(classifier, x, labels, {epsilon: EPSILON})),
    ifgsm: await share(ifgsm(classifier, x, labels, {epsilon: EPSILON})),
    pgd: await share(pgd(classifier, x, labels, {epsilon: EPSILON, steps: 20})),
  };
}

afterAll(() => tf.dispose([train.x, train.labels, test.x, test.labels, oneHot]));

describe('adversarial training on MNIST', () => {
  const make: Record<string, () => tf.LayersModel> = {
    'cross-entropy': net,
    'a large margin': () =>
      new LargeMarginModel(net(), {
        ...presets.robust({norm: 'linf', gamma: 0.1}),
        layers: ['input'],
        seed: 1,
      }),
  };
  // The paper's figure 3, right: examples of FGSM, half of each batch.
  const attack = {attack: fgsm, epsilon: EPSILON, share: 0.5};

  async function trained(name: string, wrap: <D extends MappableDataset>(d: D, model: tf.LayersModel) => D) {
    const model = make[name]();
    model.compile({optimizer: tf.train.adam(0.002), loss: 'categoricalCrossentropy'});
    await model.fitDataset(wrap(batches(), model), {epochs: EPOCHS, verbose: 0});
    return figures(model);
  }

  it.each([
    // Points by which I-FGSM and PGD must do less harm; a margin has most of that robustness already.
    ['cross-entropy', 30],
    ['a large margin', 10],
  ])(
    'makes a net trained with %s more robust, by %d points at least',
    {timeout: 300_000},
    async (name, points) => {
      const plain = await trained(name, dataset => dataset);
      const mixed = await trained(name, (dataset, model) => adversarialDataset(dataset, model, attack));
      console.log(name, JSON.stringify({plain, mixed}));
      for (const measure of ['fgsm', 'ifgsm', 'pgd'])
        expect(mixed[measure] - plain[measure], measure).toBeGreaterThan(points);
      expect(mixed.clean).toBeGreaterThan(plain.clean - 3);
    },
  );
});
