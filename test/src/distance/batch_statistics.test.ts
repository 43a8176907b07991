import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type Sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {gapGradients} from '../../../src/distance/gap_gradients.js';
import {liveTape, withoutTape} from '../../../src/distance/live_tape.js';
import {worstError} from '../../support/expect_close.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';
import {seeded} from '../../support/tiny_models.js';

type Statistics = 'constant' | 'differentiated';

const batchNorm = () => layers.batchNormalization({epsilon: 1e-3});

/** Nets with batch normalization of every rank that tfjs can train, and with several of them. */
const nets: Record<string, {inputShape: number[]; between: () => layers.Layer[]}> = {
  dense: {
    inputShape: [4],
    between: () => [layers.dense({units: 5}), batchNorm(), layers.activation({activation: 'tanh'})],
  },
  'conv, twice': {
    inputShape: [6, 6, 2],
    between: () => [
      layers.conv2d({filters: 3, kernelSize: 3, padding: 'same'}),
      batchNorm(),
      layers.elu(),
      layers.conv2d({filters: 4, kernelSize: 3, strides: 2}),
      batchNorm(),
      layers.reLU(),
      layers.flatten(),
    ],
  },
  conv1d: {
    inputShape: [6, 3],
    between: () => [layers.conv1d({filters: 3, kernelSize: 3}), batchNorm(), layers.reLU(), layers.flatten()],
  },
  'first of all': {
    inputShape: [4],
    between: () => [batchNorm(), layers.dense({units: 4, activation: 'tanh'})],
  },
};

function make(name: string): {net: Sequential; x: tf.Tensor} {
  const {inputShape, between} = nets[name];
  const net = sequential();
  net.add(layers.inputLayer({inputShape}));
  for (const layer of [...between(), layers.dense({units: 3})]) net.add(layer);
  return {net: seeded(net, 3), x: randomTensor([5, ...inputShape], 4)};
}

/** The gradient of example 0's gap at all inputs. */
function gradientOfFirst(
  net: Sequential,
  x: tf.Tensor,
  batchStatistics: Statistics,
  gradient: 'exact' | 'firstOrder',
) {
  const direction = tf.tensor2d([1, -1, 0, ...new Array(12).fill(0)], [5, 3]);
  return taped(() => {
    const input = tf.clone(x);
    const scores = net.apply(input, {training: true}) as tf.Tensor2D;
    const {input: gradients} = gapGradients('f', scores, {input}, [direction], {gradient, batchStatistics});
    return gradients[0].dataSync();
  });
}

describe.each(Object.keys(nets))('batch statistics as constants: %s', name => {
  const {net, x} = make(name);
  const size = x.size / 5;

  it.each(['exact', 'firstOrder'] as const)(
    'an example has no gradient at another, exactly (%s)',
    gradient => {
      const others = (statistics: Statistics) =>
        Math.max(...gradientOfFirst(net, x, statistics, gradient).slice(size).map(Math.abs));
      expect(others('constant')).toBe(0);
      expect(others('differentiated')).toBeGreaterThan(1e-3);
    },
  );

  it('equals a net whose moments are stopped by hand', () => {
    const own = gradientOfFirst(net, x, 'constant', 'exact');
    const byHand = taped(() => {
      const input = tf.clone(x);
      const scores = withStoppedMoments(net, input);
      const direction = tf.tensor2d([1, -1, 0, ...new Array(12).fill(0)], [5, 3]);
      const options = {gradient: 'exact', batchStatistics: 'differentiated'} as const;
      return gapGradients('f', scores, {input}, [direction], options).input[0].dataSync();
    });
    expect(worstError(own, byHand)).toBeLessThanOrEqual(1e-5);
  });
});

/** The net's forward pass with each batch normalization written out, its moments computed off the tape. */
function withStoppedMoments(net: Sequential, x: tf.Tensor): tf.Tensor2D {
  return net.layers.reduce((h, layer) => {
    if (layer.getClassName() === 'InputLayer') return h;
    if (layer.getClassName() !== 'BatchNormalization') return layer.apply(h, {training: true}) as tf.Tensor;
    const axes = h.shape.map((_, i) => i).slice(0, -1);
    const [mean, deviation] = withoutTape(() => {
      const moments = tf.moments(h, axes);
      return [moments.mean, tf.sqrt(tf.add(moments.variance, 1e-3))] as never;
    }) as unknown as tf.Tensor[];
    const [scale, offset] = layer.getWeights();
    const normed = tf.div(tf.sub(h, mean), deviation);
    return tf.add(tf.mul(normed, scale), offset);
  }, x) as tf.Tensor2D;
}

describe('batch statistics', () => {
  it('leave a layer normalization as it is', () => {
    const net = seeded(
      sequential({
        layers: [
          layers.dense({units: 5, inputShape: [4]}),
          layers.layerNormalization(),
          layers.dense({units: 3}),
        ],
      }),
    );
    const x = randomTensor([5, 4], 1);
    const [own, other] = (['constant', 'differentiated'] as const).map(s =>
      gradientOfFirst(net, x, s, 'exact'),
    );
    expect(Array.from(own)).toEqual(Array.from(other));
    expect(Math.max(...own)).toBeGreaterThan(0);
  });

  it('leave the tape whole and in place, also after a throw', async () => {
    const {net, x} = make('conv, twice');
    const state = tf.engine().state;
    const lengths: number[][] = [];
    const run = (broken: boolean) => () =>
      taped(() => {
        const tape = liveTape();
        const input = tf.clone(x);
        const scores = net.apply(input, {training: true}) as tf.Tensor2D;
        const before = [...tape];
        const direction = tf.tensor2d([1, -1, 0, ...new Array(12).fill(0)], [5, 3]);
        if (broken)
          tape.find(node => node.kernelName === 'Elu')!.gradient = () => {
            throw new Error('broken');
          };
        const options = {gradient: 'exact', batchStatistics: 'constant'} as const;
        try {
          gapGradients('f', scores, {input}, [direction], options);
        } finally {
          expect(state.activeTape).toBe(tape);
          expect(new Set(tape.slice(0, before.length))).toEqual(new Set(before));
          lengths.push([before.length, tape.length]);
        }
      });
    run(false)();
    expect(await errorOf(run(true))).toMatchObject({message: 'broken'});
    expect(lengths[0][1]).toBeGreaterThan(lengths[0][0]);
  });
});
