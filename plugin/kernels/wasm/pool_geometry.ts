import {backend_util, zeros, type Tensor} from '@tensorflow/tfjs-core';
import {runKernel} from '../run_kernel.js';
import {checkTensors} from './check_tensors.js';
import type {ConvAttrs, Shape4D} from './conv_geometry.js';
import {random} from './samples.js';

/** What a pool's attributes say of it, or an error where its tensors are not of that size. */
export function poolInfo(
  kernelName: string,
  {dy, input}: Record<string, Tensor>,
  {filterSize, strides, pad, dimRoundingMode}: PoolAttrs,
): backend_util.Conv2DInfo {
  const info = backend_util.computePool2DInfo(
    ...([input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode] as const),
  );
  checkTensors(kernelName, {input: [input, info.inShape], dy: [dy, info.outShape]});
  return info;
}

/** The attributes of a pool's kernels. */
export interface PoolAttrs extends Pick<ConvAttrs, 'strides' | 'pad' | 'dimRoundingMode'> {
  filterSize: [number, number] | number;
}

/** A small pool. */
interface PoolSample extends PoolAttrs {
  input: Shape4D;
  dy: Shape4D;
}

/** Pools that overlap, leave pixels over and reach over the edges, with channels that do and do not fill a vector. */
export const POOL_SAMPLES: PoolSample[] = [
  {input: [2, 5, 6, 4], dy: [2, 5, 6, 4], filterSize: 3, strides: 1, pad: 'same'},
  {input: [1, 6, 5, 7], dy: [1, 2, 2, 7], filterSize: [2, 3], strides: [3, 2], pad: 'valid'},
  {
    input: [2, 4, 4, 1],
    dy: [2, 4, 2, 1],
    filterSize: 2,
    strides: [1, 3],
    pad: [
      [0, 0],
      [1, 0],
      [0, 1],
      [0, 0],
    ],
  },
];

/** Runs the kernel of a pool's slope on small cases, many of whose maxima are not above 0. */
export function samplePools(kernelName: string): Tensor[] {
  return POOL_SAMPLES.map(({input, dy, ...attrs}, i) => {
    const inputs = {dy: random(dy, 1 + i), input: random(input, 9 + i, -1, 0.5), output: zeros(dy)};
    return runKernel(kernelName, inputs, attrs);
  });
}
