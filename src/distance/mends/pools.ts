import {
  add,
  any,
  avgPool,
  avgPool3d,
  backend_util,
  cast,
  customGrad,
  lessEqual,
  mul,
  sub,
  tensor,
  tidy,
  type AvgPool3DGradAttrs,
  type AvgPoolGradAttrs,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import {withoutTape} from '../live_tape.js';
import type {MendedKernel, OwnKernel} from '../mended_nodes.js';

/** One direction of a pool: how many windows, how large, how far apart; how much is padded before, and the picture. */
interface Windows {
  count: number;
  size: number;
  stride: number;
  before: number;
  length: number;
}

/**
 * AvgPoolGrad as it should be where windows reach over the edge: all backends but the native one divide by the whole
 * window there, though the pool has divided by the part of it that lies on the picture.
 */
export const avgPoolGrad: MendedKernel = ({dy, input}, attrs, own) => {
  const {filterSize, strides, pad} = attrs as unknown as AvgPoolGradAttrs;
  const info = backend_util.computePool2DInfo(input.shape as Tensor4D['shape'], filterSize, strides, 1, pad);
  const shares = sharesOf([rows(info), columns(info)]);
  const back = (g: Tensor) => avgPool(g as Tensor4D, filterSize, strides, pad as 'same');
  return weighed(dy, shares, dy => own({dy, input}, attrs), back);
};

/** The same for pools over volumes. */
export const avgPool3dGrad: MendedKernel = ({dy, input}, attrs, own) => {
  const {filterSize, strides, pad, dimRoundingMode} = attrs as unknown as AvgPool3DGradAttrs;
  const shape = input.shape as Tensor5D['shape'];
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad as 'same', dimRoundingMode);
  const shares = sharesOf([depths(info), rows(info), columns(info)]);
  const back = (g: Tensor) =>
    avgPool3d(g as Tensor5D, filterSize as number, strides as number, pad as 'same', dimRoundingMode);
  return weighed(dy, shares, dy => own({dy, input}, attrs), back);
};

/** Weighs dy before the backend's own kernel; the slope for dy is what the pool itself does. */
function weighed(
  dy: Tensor,
  shares: {values: Float32Array; shape: number[]},
  own: (dy: Tensor) => Tensor,
  back: (g: Tensor) => Tensor,
): Tensor {
  if (shares.values.every(share => share === 1)) return own(dy);
  const run = customGrad((...args: unknown[]) => {
    const weights = tensor(shares.values, shares.shape);
    return {value: own(mul(args[0] as Tensor, weights)), gradFunc: (g: Tensor) => back(g)};
  });
  return run(dy);
}

/** For each window its size over the size of the part of it that lies on the picture, [1, ...windows, 1]. */
function sharesOf(directions: Windows[]): {values: Float32Array; shape: number[]} {
  const along = directions.map(({count, size, stride, before, length}) =>
    Array.from({length: count}, (_, i) => {
      const start = i * stride - before;
      return size / (Math.min(start + size, length) - Math.max(start, 0));
    }),
  );
  const values = along.reduce((all, shares) => all.flatMap(a => shares.map(b => a * b)), [1]);
  return {values: Float32Array.from(values), shape: [1, ...directions.map(({count}) => count), 1]};
}

type Info = Pick<
  backend_util.Conv2DInfo,
  | 'outHeight'
  | 'outWidth'
  | 'filterHeight'
  | 'filterWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'inHeight'
  | 'inWidth'
> & {padInfo: {top: number; left: number}};

function rows({outHeight, filterHeight, strideHeight, padInfo, inHeight}: Info): Windows {
  return {count: outHeight, size: filterHeight, stride: strideHeight, before: padInfo.top, length: inHeight};
}

function columns({outWidth, filterWidth, strideWidth, padInfo, inWidth}: Info): Windows {
  return {count: outWidth, size: filterWidth, stride: strideWidth, before: padInfo.left, length: inWidth};
}

function depths({outDepth, filterDepth, strideDepth, padInfo, inDepth}: backend_util.Conv3DInfo): Windows {
  return {count: outDepth, size: filterDepth, stride: strideDepth, before: padInfo.front, length: inDepth};
}

/**
 * MaxPoolGrad as it should be on wasm, which looks for a maximum above 0 and loses the windows that have none. Those
 * are run a second time on a picture in which they are positive and ordered as they were.
 */
export const maxPoolGrad: MendedKernel = ({dy, input, output}, attrs, own: OwnKernel) => {
  const lost = withoutTape(() => lessEqual(output, 0));
  if (!withoutTape(() => tidy(() => any(lost).dataSync()[0]))) return own({dy, input, output}, attrs);
  const isLost = withoutTape(() => cast(lost, 'float32'));
  const isFound = withoutTape(() => sub(1, isLost));
  const found = own({dy: mul(dy, isFound), input, output}, attrs);
  const raised = tensor(raise(input.dataSync() as Float32Array), input.shape);
  return add(found, own({dy: mul(dy, isLost), input: raised, output}, attrs));
};

/**
 * Positive numbers in the order of the given ones, equal where those are, for all that are not positive; the others
 * become 0. By their bits: negative floats are ordered backwards by their magnitude, positive ones forwards.
 */
function raise(values: Float32Array): Float32Array {
  const LARGEST = 0x7f7fffff;
  const bits = new Int32Array(values.length);
  const given = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    bits[i] = values[i] > 0 ? 0 : Math.max(0, LARGEST - (given[i] & 0x7fffffff));
  }
  return new Float32Array(bits.buffer);
}
