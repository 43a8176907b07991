import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginModelOptions} from '../../plugin/index.js';
import {randomTensor} from '../support/randoms.js';
import {labelsOf, seeded} from '../support/tiny_models.js';

// The walk from the scores back to the margin layers ends at the earliest of them. Every convolution has another
// number of channels before it, so that the shape of an input's gradient tells which convolution it is of.

const CHANNELS = {conv1: 2, conv2: 3, conv3: 4};
type Conv = keyof typeof CHANNELS;
const convs = Object.keys(CHANNELS) as Conv[];
const [x, y] = [randomTensor([5, 6, 6, 2], 1), labelsOf([0, 1, 2, 2, 1])];

/** conv1 -> conv2 -> conv3, each with relu, -> max pool -> dense. */
function make(options: Partial<LargeMarginModelOptions>): LargeMarginModel {
  const conv = (name: string, filters: number, rest = {}) =>
    layers.conv2d({kernelSize: 3, padding: 'same', activation: 'relu', name, filters, ...rest});
  const net = sequential({
    layers: [
      conv('conv1', 3, {inputShape: [6, 6, 2]}),
      conv('conv2', 4),
      conv('conv3', 5),
      layers.maxPooling2d({poolSize: 2, name: 'pool'}),
      layers.flatten({name: 'flat'}),
      layers.dense({units: 3, name: 'scores'}),
    ],
  });
  const model = new LargeMarginModel(seeded(net), {gamma: 1, ...options});
  model.compile({optimizer: 'sgd'});
  return model;
}

/** How often each convolution's input gradient, any filter's gradient and the pool's gradient were computed. */
async function countsOf(run: () => unknown): Promise<Record<Conv | 'filters' | 'pool', number>> {
  const {kernels} = await tf.profile(async () => {
    await run();
    return {};
  });
  const named = (name: string) => kernels.filter(kernel => kernel.name === name);
  const inputs = named(tf.Conv2DBackpropInput).map(({outputShapes}) => outputShapes[0][3]);
  const counts = convs.map(conv => [conv, inputs.filter(channels => channels === CHANNELS[conv]).length]);
  const rest = {filters: named(tf.Conv2DBackpropFilter).length, pool: named(tf.MaxPoolGrad).length};
  return {...(Object.fromEntries(counts) as Record<Conv, number>), ...rest};
}

/** The same for a training step; the first one also looks for layers that mix examples, so the second is counted. */
async function countsOfStep(model: LargeMarginModel): ReturnType<typeof countsOf> {
  await model.trainOnBatch(x, y);
  return countsOf(() => model.trainOnBatch(x, y));
}

/** Margin layers, the convolutions whose input gradient lies on the walk, and whether the pool does. */
const walks: Array<[string, LargeMarginModelOptions['layers'], Conv[], boolean]> = [
  ['the input', 'input', ['conv1', 'conv2', 'conv3'], true],
  ['all layers', 'all', ['conv1', 'conv2', 'conv3'], true],
  ['the hidden layers', ['hidden'], ['conv2', 'conv3'], true],
  ['the second and the third', ['conv2', 'conv3'], ['conv3'], true],
  ['the third', ['conv3'], [], true],
  ['the pool', ['pool'], [], false],
  ['the logits', ['output'], [], false],
];

const cases = walks.flatMap(walk => [1, 2].map(topK => [...walk, topK] as const));

describe.each(cases)('a margin at %s', (_, layers, onTheWay, poolOnTheWay, topK) => {
  const once = (conv: Conv) => (onTheWay.includes(conv) ? topK : 0);
  const pool = poolOnTheWay ? topK : 0;

  it(`walks to the earliest layer and no further, once for each of ${topK} rivals`, async () => {
    const model = make({layers, topK});
    const counts = await countsOf(() => tf.dispose(model.distances(x, y)));
    const walk = {conv1: once('conv1'), conv2: once('conv2'), conv3: once('conv3')};
    expect(counts).toEqual({...walk, filters: 0, pool});
  });

  it(`costs a first-order step with ${topK} rivals the walk, and no gradient of a filter more`, async () => {
    const model = make({layers, topK, gradient: 'firstOrder'});
    const counts = await countsOfStep(model);
    // The weights' own way back, which needs no gradient of the input: 3 filters, 2 convolutions, 1 pool.
    const step = {conv1: once('conv1'), conv2: once('conv2') + 1, conv3: once('conv3') + 1};
    expect(counts).toEqual({...step, filters: 3, pool: pool + 1});
  });

  it(`computes the first convolution's input gradient in exact mode as often: ${topK} rivals`, async () => {
    const model = make({layers, topK, gradient: 'exact'});
    const {conv1, conv2, conv3} = await countsOfStep(model);
    expect({conv1, conv2, conv3}).toEqual({
      conv1: once('conv1'),
      conv2: once('conv2') + 1,
      conv3: once('conv3') + 1,
    });
  });
});

describe('random rivals', () => {
  it.each([1, 2])('cost the walks of as many top rivals: %s', async topK => {
    const options = {topK, gradient: 'firstOrder'} as const;
    const random = await countsOfStep(make({...options, rivals: 'random'}));
    expect(random).toEqual(await countsOfStep(make({...options, rivals: 'top'})));
  });
});
