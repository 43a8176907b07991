import * as tf from '@tensorflow/tfjs-core';
import {randomTensor, shuffled} from '../../support/randoms.js';

/** An operation whose gradient is compared with differences of its values at x; h: a step that crosses no kink. */
export interface SlopeCase {
  name: string;
  f: (x: tf.Tensor) => tf.Tensor;
  x: () => tf.Tensor;
  h: number;
}

type Size = number | [number, number];
type Padding = 'valid' | 'same' | number;
const windows: Array<[[number, number], Size, Size, Padding]> = [
  [[5, 7], 2, 2, 'valid'],
  [[5, 7], 2, 2, 'same'],
  [[7, 6], 3, 2, 'valid'],
  [[7, 6], 3, 2, 'same'],
  [[6, 6], 3, 2, 'same'],
  [[5, 5], 3, 1, 'same'],
  [[5, 6], [3, 2], [1, 2], 'same'],
  [[7, 7], 2, 3, 'same'],
  [[6, 6], 5, 2, 'same'],
];

const linear = (name: string, shape: number[], f: (x: tf.Tensor4D) => tf.Tensor): SlopeCase => ({
  name,
  f: x => f(x as tf.Tensor4D),
  x: () => randomTensor(shape, 1),
  h: 1,
});

/** A quarter between neighbours, so that a step of a sixteenth lets no maximum switch; mostly or only negative. */
const ordered = (
  name: string,
  shape: number[],
  shift: number,
  f: (x: tf.Tensor4D) => tf.Tensor,
): SlopeCase => ({
  name,
  f: x => f(x as tf.Tensor4D),
  x: () => tf.tidy(() => tf.add(shuffled(shape, 2), shift)),
  h: 1 / 16,
});

export const pools: SlopeCase[] = windows.flatMap(([size, k, s, pad]) => {
  const shape = [2, ...size, 2];
  const name = `${size.join('x')}, window ${k}, stride ${s}, ${pad}`;
  const filter = typeof k === 'number' ? [k, k] : k;
  const weights = () => randomTensor<tf.Tensor4D>([...filter, 2, 2], 3);
  const depthwise = (x: tf.Tensor4D) => tf.depthwiseConv2d(x, weights(), s, pad as 'same');
  return [
    linear(`average pool of ${name}`, shape, x => tf.avgPool(x, k, s, pad as 'same')),
    ordered(`max pool of ${name}`, shape, -9, x => tf.maxPool(x, k, s, pad as 'same')),
    ordered(`max pool below 0 of ${name}`, shape, -99, x => tf.maxPool(x, k, s, pad as 'same')),
    linear(`depthwise convolution of ${name}`, shape, depthwise),
    linear(`convolution of ${name}`, shape, x => tf.conv2d(x, weights(), s, pad as 'same')),
  ];
});

const sizes: Array<[[number, number], [number, number]]> = [
  [
    [3, 4],
    [6, 8],
  ],
  [
    [3, 4],
    [5, 7],
  ],
  [
    [6, 5],
    [3, 3],
  ],
  [
    [4, 4],
    [1, 1],
  ],
  [
    [3, 3],
    [3, 3],
  ],
];
const ways = [
  [false, false],
  [true, false],
  [false, true],
];

export const resizings: SlopeCase[] = sizes.flatMap(([from, to]) =>
  ways.flatMap(([aligned, half]) =>
    (['resizeNearestNeighbor', 'resizeBilinear'] as const).map(method =>
      linear(
        `${method} from ${from.join('x')} to ${to.join('x')}${aligned ? ', corners aligned' : ''}${half ? ', half pixels' : ''}`,
        [3, ...from, 2],
        x => tf.image[method](x, to, aligned, half),
      ),
    ),
  ),
);

export const onePixel: SlopeCase[] = (['resizeNearestNeighbor', 'resizeBilinear'] as const).map(method =>
  linear(`${method} of one pixel, corners aligned`, [3, 1, 1, 2], x => tf.image[method](x, [4, 4], true)),
);

export const lists: SlopeCase[] = [
  linear('unstack of one', [1, 3, 2], x => tf.unstack(x)[0]),
  linear('unstack of three', [3, 2], x => tf.unstack(x)[1]),
  linear('split in one', [3, 2], x => tf.split(x, 1, 1)[0]),
  linear('split in two', [3, 2], x => tf.split(x, 2, 1)[1]),
  linear('cumsum along rows', [3, 4], x => tf.cumsum(x, 0)),
  linear('cumsum along rows of a square, backwards', [3, 3], x => tf.cumsum(x, 0, true, true)),
  linear('cumsum along columns', [3, 4], x => tf.cumsum(x, 1)),
];

const asVolume = (x: tf.Tensor4D) => tf.expandDims(x, 0) as tf.Tensor5D;
export const volumes: SlopeCase[] = (['valid', 'same'] as const).flatMap(pad => [
  linear(`average pool 3d, ${pad}`, [4, 3, 5, 2], x => tf.avgPool3d(asVolume(x), [3, 2, 2], 2, pad)),
]);

/** wasm has no kernels for the gradient of a depthwise convolution. */
export const withoutDepthwise = (cases: SlopeCase[]) =>
  cases.filter(({name}) => !name.startsWith('depthwise'));

export const allCases = [...pools, ...resizings, ...onePixel, ...lists, ...volumes];
