import {backend_util, type TensorInfo} from '@tensorflow/tfjs-core';
import type {SideModule} from './side_module.js';
import {makeTensor, type Making} from './wasm_backend.js';
import type {KernelCall} from './wasm_kernel.js';

/** The numbers of the class `Patches` of `assembly/patches.ts`, in its order. */
const FIELDS = [
  ...(['inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'filterHeight', 'filterWidth'] as const),
  ...(['strideHeight', 'strideWidth', 'dilationHeight', 'dilationWidth'] as const),
];

/** Bytes of a geometry in memory. */
export const GEOMETRY_BYTES = 64;

/** Writes where a convolution reads its pictures to memory. */
export function writeGeometry(
  memory: WebAssembly.Memory,
  pointer: number,
  info: backend_util.Conv2DInfo,
): void {
  const {top, left} = info.padInfo;
  const numbers = [...FIELDS.map(name => info[name]), top, left];
  new Int32Array(memory.buffer, pointer, numbers.length).set(numbers);
}

/**
 * Makes a tensor by a function of the module that reads or writes pictures; see `makeTensor`.
 *
 * @param f Gets where the output, the geometry and the scratch memory begin.
 */
export function makeFromPictures(
  {backend}: Pick<KernelCall, 'backend'>,
  {memory}: SideModule,
  info: backend_util.Conv2DInfo,
  {scratchBytes = 0, ...making}: Making,
  f: (output: number, geometry: number, scratch: number) => void,
): TensorInfo {
  const all = {...making, scratchBytes: GEOMETRY_BYTES + scratchBytes};
  return makeTensor(backend, all, (output, geometry) => {
    writeGeometry(memory, geometry, info);
    f(output, geometry, geometry + GEOMETRY_BYTES);
  });
}

/** What a 2-D convolution's attributes say of it, or an error that says what is not supported. */
export function convInfo(
  kernelName: string,
  inShape: Shape4D,
  filterShape: Shape4D,
  attrs: ConvAttrs,
  isDepthwise = false,
): backend_util.Conv2DInfo {
  const {strides, pad, dilations = 1, dimRoundingMode, dataFormat = 'NHWC'} = attrs;
  if (dataFormat !== 'NHWC')
    throw new Error(`${kernelName}: expected dataFormat to be NHWC on wasm, got ${dataFormat}`);
  return backend_util.computeConv2DInfo(
    ...([inShape, filterShape, strides, dilations ?? 1, pad, dimRoundingMode, isDepthwise] as const),
  );
}

export type Shape4D = [number, number, number, number];

/** The attributes of a convolution's kernels. */
export interface ConvAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: string;
}
