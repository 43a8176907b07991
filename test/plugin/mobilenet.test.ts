import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import {beforeAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {dataFolder, hasData} from '../support/data.js';
import {expectClose} from '../support/expect_close.js';

const BATCH = 4;

describe.skipIf(!hasData)('a real pretrained MobileNet', () => {
  let base: tf.LayersModel;
  let x: tf.Tensor4D;
  let labels: tf.Tensor1D;

  beforeAll(async () => {
    base = await tf.loadLayersModel(`file://${join(dataFolder, 'mobilenet_v1_025_224/layers/model.json')}`);
    const folder = join(dataFolder, 'imagenet224');
    const files = readdirSync(folder)
      .filter(name => name.endsWith('.jpg'))
      .slice(0, BATCH);
    x = tf.tidy(() =>
      tf.stack(
        files.map(name => {
          const picture = tf.image.resizeBilinear(
            tf.node.decodeJpeg(readFileSync(join(folder, name)), 3),
            [224, 224],
          );
          return tf.sub(tf.div(picture, 127.5), 1);
        }),
      ),
    ) as tf.Tensor4D;
    labels = tf.tensor1d(
      files.map(name => Number(name.slice(0, 4))),
      'int32',
    );
  });

  it('gets a margin at any of its 27 activations, by name, without a change to the model', () => {
    const model = new LargeMarginModel(base, {gamma: 1, layers: ['hidden'], gradient: 'firstOrder'});
    const names = Object.keys(tf.tidy(() => model.distances(x.slice(0, 1), labels.slice(0, 1))));
    // conv1, then 13 blocks of a depthwise and a pointwise convolution, each with batch norm and relu6 behind it.
    expect(names).toHaveLength(27);
    expect(names.slice(0, 3)).toEqual(['conv1_relu', 'conv_dw_1_relu', 'conv_pw_1_relu']);
    expect(names).not.toContain('act_softmax');
  });

  it('is measured at its true logits: their softmax is what the model predicts', () => {
    const model = new LargeMarginModel(base, {
      gamma: 1,
      layers: ['output'],
      norm: 'linf',
      gradient: 'firstOrder',
    });
    tf.tidy(() => {
      const predicted = base.predict(x) as tf.Tensor2D;
      // At the logits the gradient of a gap is +1 and -1, its l1 norm 2: d = log(p_y / p_i) / 2 for the strongest rival.
      const {output} = model.distances(x);
      const {values} = tf.topk(predicted, 2);
      const expected = tf.div(
        tf.log(tf.div(values.slice([0, 0], [BATCH, 1]), values.slice([0, 1], [BATCH, 1]))),
        2,
      );
      expectClose(output.dataSync(), expected.dataSync(), 1e-4);
    });
  });

  it('has finite distances at the input and in the middle, and leaves no tensor', () => {
    const layers = ['input', 'conv_pw_5_relu'];
    const model = new LargeMarginModel(base, {gamma: 1, layers, gradient: 'firstOrder'});
    const before = tf.memory().numTensors;
    const distances = model.distances(x, labels);
    expect(distances.input.dataSync().every(d => Number.isFinite(d) && Math.abs(d) < 5)).toBe(true);
    expect(distances.conv_pw_5_relu.dataSync().every(Number.isFinite)).toBe(true);
    tf.dispose(distances);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('trains a step with first-order margins', async () => {
    const model = new LargeMarginModel(base, {gamma: 0.1, layers: ['input'], gradient: 'firstOrder'});
    model.compile({optimizer: tf.train.sgd(1e-4), loss: 'sparseCategoricalCrossentropy'});
    const [loss, crossEntropy] = (await model.trainOnBatch(x, labels)) as number[];
    expect(Number.isFinite(loss) && loss > crossEntropy).toBe(true);
  });

  it('trains a step with exact margins at the input and in the middle, and is finite after it', async () => {
    const layers = ['input', 'conv_pw_5_relu'];
    const model = new LargeMarginModel(base, {gamma: 0.1, layers, gradient: 'exact'});
    model.compile({optimizer: tf.train.sgd(1e-6), loss: 'sparseCategoricalCrossentropy'});
    const before = tf.memory().numTensors;
    const losses = [await model.trainOnBatch(x, labels), await model.trainOnBatch(x, labels)] as number[][];
    expect(tf.memory().numTensors).toBe(before);
    expect(losses.flat().every(Number.isFinite)).toBe(true);
    expect(losses[0][0]).toBeGreaterThan(losses[0][1]);
    expect(losses[1]).not.toEqual(losses[0]);
    const weights = base.getWeights().map(t => t.dataSync());
    expect(weights.every(values => values.every(Number.isFinite))).toBe(true);
  });
});
