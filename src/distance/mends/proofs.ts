import {
  engine,
  getKernel,
  tensor4d,
  tidy,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {withoutTape} from '../live_tape.js';

/** A small case that tfjs 4.22 gets wrong on some backend. */
interface Proof {
  inputs: () => NamedTensorMap;
  attrs: NamedAttrMap;
  expected: number[];
}

const PROOFS: Record<string, Proof> = {
  // A window of negative numbers, and one whose maximum is 0.
  MaxPoolGrad: {
    inputs: () => ({
      dy: tensor4d([3, 5], [1, 1, 2, 1]),
      input: tensor4d([-2, -1, -3, 0, -4, -5, -6, -7], [1, 2, 4, 1]),
      output: tensor4d([-1, 0], [1, 1, 2, 1]),
    }),
    attrs: {filterSize: [2, 2], strides: [2, 2], pad: 'valid'},
    expected: [0, 3, 0, 5, 0, 0, 0, 0],
  },
  // The windows have 4, 2, 2 and 1 pixels on the picture.
  AvgPoolGrad: {
    inputs: () => ({
      dy: tensor4d([4, 2, 2, 1], [1, 2, 2, 1]),
      input: tensor4d(Array<number>(9).fill(0), [1, 3, 3, 1]),
    }),
    attrs: {filterSize: [2, 2], strides: [2, 2], pad: 'same'},
    expected: Array<number>(9).fill(1),
  },
};

/** Backends whose values are read at once; of others it is not asked. */
const READABLE = ['cpu', 'wasm'];

const found = new WeakMap<KernelFunc, boolean>();

/**
 * Whether the kernel that is registered under this name gets right what tfjs 4.22 gets wrong: somebody may have put a better
 * one in its place. Each is asked until it answers.
 */
export function isProvenRight(kernelName: string, backend: string): boolean {
  const kernelFunc = READABLE.includes(backend) ? getKernel(kernelName, backend)?.kernelFunc : undefined;
  if (!kernelFunc) return false;
  const known = found.get(kernelFunc);
  if (known !== undefined) return known;
  try {
    const isRight = prove(kernelName);
    found.set(kernelFunc, isRight);
    return isRight;
  } catch {
    // The mend is right on any kernel; where memory was full this time, the next call may say more of this one.
    return false;
  }
}

function prove(kernelName: string): boolean {
  const {inputs, attrs, expected} = PROOFS[kernelName];
  return withoutTape(() =>
    tidy(() => {
      const got = (engine().runKernel(kernelName, inputs(), attrs) as Tensor).dataSync();
      return expected.every((value, i) => Math.abs(got[i] - value) < 1e-5);
    }),
  );
}
