import type {backend_util, Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import type {Shape4D} from './conv_geometry.js';
import {random} from './samples.js';

/** One small convolution. */
export interface ConvSample {
  x: Shape4D;
  dy: Shape4D;
  filter: Shape4D;
  strides: [number, number];
  pad: 'same' | 'valid' | backend_util.ExplicitPadding;
  dilations?: [number, number];
}

/** Small convolutions with odd sizes, all sorts of padding, and channels that do and do not fill a vector. */
export const CONV_SAMPLES: ConvSample[] = [
  {x: [2, 5, 6, 4], dy: [2, 5, 6, 9], filter: [3, 3, 4, 9], strides: [1, 1], pad: 'same'},
  {x: [1, 7, 5, 3], dy: [1, 3, 2, 2], filter: [3, 2, 3, 2], strides: [2, 2], pad: 'valid'},
  {
    x: [2, 4, 4, 5],
    dy: [2, 2, 5, 7],
    filter: [2, 3, 5, 7],
    strides: [3, 1],
    pad: [
      [0, 0],
      [1, 1],
      [2, 1],
      [0, 0],
    ],
  },
  {x: [3, 3, 3, 8], dy: [3, 3, 3, 12], filter: [1, 1, 8, 12], strides: [1, 1], pad: 'valid'},
];

/** The same where each channel has a filter of its own, or more; one of them is spread out. */
export const DEPTHWISE_SAMPLES: ConvSample[] = [
  {x: [2, 5, 6, 7], dy: [2, 5, 6, 7], filter: [3, 3, 7, 1], strides: [1, 1], pad: 'same'},
  {x: [1, 7, 6, 3], dy: [1, 3, 2, 6], filter: [3, 2, 3, 2], strides: [2, 3], pad: 'valid'},
  {
    x: [2, 5, 4, 4],
    dy: [2, 3, 5, 4],
    filter: [2, 3, 4, 1],
    strides: [2, 1],
    pad: [
      [0, 0],
      [1, 1],
      [2, 3],
      [0, 0],
    ],
    dilations: [1, 2],
  },
];

/** Runs the kernel of one slope of small convolutions: it takes the two other tensors, and the shape of its result. */
export function sampleSlopes(kernelName: string, samples: ConvSample[], of: 'x' | 'filter'): Tensor[] {
  const [other, resultShape] =
    of === 'x' ? (['filter', 'inputShape'] as const) : (['x', 'filterShape'] as const);
  return samples.map((sample, i) => {
    const {strides, pad, dilations = 1} = sample;
    const attrs = {strides, pad, dilations, dataFormat: 'NHWC', [resultShape]: sample[of]};
    const inputs = {dy: random(sample.dy, 1 + i), [other]: random(sample[other], 9 + i)};
    return runKernel(kernelName, inputs, attrs);
  });
}
