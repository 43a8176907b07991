import {join} from 'node:path';
import {readdirSync, readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import {beforeAll, describe, expect, it} from 'vitest';
import {toClassifier} from '../../plugin/classifier.js';
import {ifgsm} from '../../src/index.js';
import {dataFolder, hasData} from '../support/data.js';
import {worstError} from '../support/expect_close.js';
import {expectNoLeak, expectNoLeakAsync, expectRefusal} from '../support/expect_no_leak.js';
import {graphModel, operation, placeholder} from '../support/graph_nets.js';
import {randomTensor} from '../support/randoms.js';

const w = randomTensor<tf.Tensor2D>([4, 3], 1);
const b = randomTensor<tf.Tensor1D>([3], 2);
const x = randomTensor<tf.Tensor2D>([5, 4], 3);
const input = placeholder('x', [-1, 4]);
const linear = [operation('product', 'MatMul', ['x', 'w']), operation('z', 'BiasAdd', ['product', 'b'])];
const logits = tf.tidy(() => tf.add(tf.matMul(x, w), b).dataSync());
const net = (...end: Parameters<typeof operation>[]) =>
  graphModel([input, ...linear, ...end.map(args => operation(...args))], {w, b});

describe('toClassifier of a GraphModel', () => {
  it('runs it up to the node before the final softmax, and leaves nothing but the logits', async () => {
    const model = await net(['p', 'Softmax', ['z']], ['out', 'Identity', ['p']]);
    const classifier = toClassifier(model);
    const given = expectNoLeak(() => classifier(x));
    expect(worstError(given.dataSync(), logits)).toBeLessThan(1e-6);
    expect(
      worstError((tf.softmax(given) as tf.Tensor).dataSync(), (model.predict(x) as tf.Tensor).dataSync()),
    ).toBeLessThan(1e-6);
  });

  it('takes the output of a net without softmax for logits', async () => {
    const model = await net();
    expect(worstError(toClassifier(model)(x).dataSync(), logits)).toBeLessThan(1e-6);
  });

  it('passes gradients on to the input: of the sum of logits c . W it is the sum of W over classes', async () => {
    const classifier = toClassifier(await net(['p', 'Softmax', ['z']]));
    const gradient = expectNoLeak(() => tf.grad(t => tf.sum(classifier(t)))(x));
    const expected = tf.tidy(() => tf.tile(tf.expandDims(tf.sum(w, 1), 0), [5, 1]).dataSync());
    expect(worstError(gradient.dataSync(), expected)).toBeLessThan(1e-6);
  });

  it('has no logits to give of a sigmoid, of blended probabilities and of an unknown node, and says what helps', async () => {
    const sigmoid = await net(['p', 'Sigmoid', ['z']]);
    await expectRefusal(
      () => toClassifier(sigmoid),
      'output',
      'probabilities of p',
      'option output',
      'x -> logits',
    );
    const clipped = await net(['p', 'Softmax', ['z']], ['q', 'Maximum', ['p', 'b']]);
    await expectRefusal(() => toClassifier(clipped), 'output', 'probabilities of p');
    expect(worstError(toClassifier(clipped, {output: 'z'})(x).dataSync(), logits)).toBeLessThan(1e-6);
    await expectRefusal(() => toClassifier(clipped, {output: 'nope'}), 'output', 'nope', 'outputs: q');
  });

  it('asks for the name of one of several outputs', async () => {
    const model = await net(['p', 'Softmax', ['z']], ['q', 'Relu', ['product']]);
    await expectRefusal(() => toClassifier(model), 'output', 'outputs: p, q');
    expect(worstError(toClassifier(model, {output: 'p'})(x).dataSync(), logits)).toBeLessThan(1e-6);
  });

  it('refuses several inputs, integers and a graph that it cannot look at', async () => {
    const two = [
      input,
      placeholder('y', [-1, 4]),
      operation('s', 'Add', ['x', 'y']),
      operation('z', 'MatMul', ['s', 'w']),
    ];
    const several = await graphModel(two, {w});
    await expectRefusal(() => toClassifier(several), 'model', 'one input', '2 inputs');
    const ints = await graphModel([placeholder('x', [-1, 4], 'DT_INT32'), ...linear], {w, b});
    await expectRefusal(() => toClassifier(ints), 'model', 'float32', 'int32');
    const bare = {
      inputs: several.inputs.slice(1),
      outputNodes: ['z'],
      outputs: [{name: 'z'}],
      weights: {},
      execute: () => x,
    };
    await expectRefusal(() => toClassifier(bare), 'model', 'a graph that can be looked at');
  });

  it('refuses a graph that only executeAsync runs', async () => {
    const places = [operation('places', 'Where', ['x']), operation('z', 'Reshape', ['places', 'shape'])];
    const model = await graphModel([input, ...places], {shape: tf.tensor1d([-1, 2], 'int32')});
    await expectRefusal(
      () => toClassifier(model),
      'model',
      'to run at once',
      'places (Where)',
      'x -> logits',
    );
  });

  it('refuses inputs of another shape, logits of another rank and a model that was disposed of', async () => {
    const model = await net();
    const classifier = toClassifier(model);
    await expectRefusal(() => classifier(w), 'x', '[any, 4]', '[4, 3]');
    const cube = await graphModel([input, operation('z', 'Reshape', ['x', 'shape'])], {
      shape: tf.tensor1d([-1, 2, 2], 'int32'),
    });
    await expectRefusal(() => toClassifier(cube)(x), 'output', 'float32 [5,2,2]', 'x -> logits');
    model.dispose();
    await expectRefusal(() => classifier(x), 'model', 'disposed of');
    await expectRefusal(() => classifier.fingerprint!(), 'model', 'disposed of');
  });

  it('has a fingerprint that other equal nets have and a net with one other weight has not', async () => {
    const prints = await Promise.all([
      toClassifier(await net(['p', 'Softmax', ['z']])).fingerprint!(),
      toClassifier(await net(['p', 'Softmax', ['z']])).fingerprint!(),
      toClassifier(await net()).fingerprint!(),
      toClassifier(await graphModel([input, ...linear], {w, b: tf.add(b, [0, 0, 1e-6])})).fingerprint!(),
      toClassifier(await graphModel([input, linear[0], operation('z', 'Sub', ['product', 'b'])], {w, b}))
        .fingerprint!(),
    ]);
    expect(prints[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(prints[1]).toBe(prints[0]);
    // The softmax is not part of what gives logits.
    expect(prints[2]).toBe(prints[0]);
    expect(new Set(prints).size).toBe(3);
  });
});

describe.skipIf(!hasData)('a real MobileNet as GraphModel and as LayersModel', () => {
  const folder = join(dataFolder, 'mobilenet_v1_025_224');
  let graph: tf.GraphModel;
  let layers: tf.LayersModel;
  let pictures: tf.Tensor4D;
  let labels: number[];

  beforeAll(async () => {
    graph = await tf.loadGraphModel(`file://${folder}/graph/model.json`);
    layers = await tf.loadLayersModel(`file://${folder}/layers/model.json`);
    const files = readdirSync(join(dataFolder, 'imagenet224'))
      .filter(name => name.endsWith('.jpg'))
      .slice(0, 4);
    labels = files.map(name => Number(name.slice(0, 4)));
    const read = (name: string) => tf.node.decodeJpeg(readFileSync(join(dataFolder, 'imagenet224', name)), 3);
    pictures = tf.tidy(() =>
      tf.stack(files.map(name => tf.div(tf.image.resizeBilinear(read(name), [224, 224]), 255))),
    ) as tf.Tensor4D;
  });

  // The graph scales [0, 1] to [-1, 1] by itself and has a class more, the first one.
  const ofLayers = () => toClassifier(layers, {preprocess: x => tf.sub(tf.mul(x, 2), 1)});
  const ofGraph = () => {
    const all = toClassifier(graph);
    return Object.assign((x: tf.Tensor) => tf.slice(all(x), [0, 1], [x.shape[0], 1000]), {
      within: all.within,
    });
  };

  it('has the same logits and, but for switches at the rounding of 0, the same input gradients', () => {
    const oneHot = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 1000), 'float32'));
    const logLikelihood = (classifier: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) =>
      tf.sum(tf.mul(oneHot, tf.logSoftmax(classifier(x) as tf.Tensor2D)));
    tf.tidy(() => {
      const [a, b] = [ofLayers()(pictures), ofGraph()(pictures)].map(z => z.dataSync());
      const slope = (classifier: (x: tf.Tensor) => tf.Tensor) =>
        tf.grad(x => logLikelihood(classifier, x))(pictures);
      const [g, h] = [slope(ofLayers()), slope(ofGraph())];
      const lengthOf = (t: tf.Tensor) => tf.sqrt(tf.sum(tf.square(t), [1, 2, 3])).dataSync();
      const [apart, whole] = [lengthOf(tf.sub(g, h)), lengthOf(h)];
      const errors = Array.from(apart, (d, i) => d / whole[i]);
      console.log(`logits ${worstError(a, b)}, gradients of each picture ${errors.join(', ')}`);
      expect(worstError(a, b)).toBeLessThan(1e-5);
      // One of 27 layers of relu6 may switch: a change of the picture by 1e-6 does as much to one and the same net.
      expect(Math.max(...errors)).toBeLessThan(2e-2);
      expect(Math.min(...errors)).toBeLessThan(1e-5);
    });
    oneHot.dispose();
  });

  it('is attacked alike in both forms, within 2 / 255 of a picture', async () => {
    const results = [];
    for (const classifier of [ofLayers(), ofGraph()])
      results.push(
        await expectNoLeakAsync(() => ifgsm(classifier, pictures, labels, {epsilon: 2 / 255, steps: 5})),
      );
    expect(results[0].success).toEqual([true, true, true, true]);
    expect(results[1].success).toEqual(results[0].success);
    expect(Math.max(...results.flatMap(({distance}) => [...distance]))).toBeLessThanOrEqual(2 / 255);
  });
});
