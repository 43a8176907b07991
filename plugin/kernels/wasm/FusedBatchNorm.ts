import {
  add,
  concat,
  FusedBatchNorm,
  mul,
  onesLike,
  rsqrt,
  tidy,
  zerosLike,
  type FusedBatchNormAttrs,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {
  batchNormGradient,
  inverseDeviation,
  slopeOfMean,
  slopeOfVariance,
  type BatchNormCall,
  type BatchNormSlopes,
} from '../batch_norm_slopes.js';
import {runKernel} from '../run_kernel.js';
import {batchNormSums} from './LargeMarginBatchNormSums.js';
import {rawTensor} from './raw_tensor.js';
import {random} from './samples.js';
import {isWasm, makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';

type Call = KernelCall<FusedBatchNormAttrs>;

/**
 * Batch normalization over the last axis, which tfjs computes one number at a time, and its gradient, for which tfjs makes
 * some 20 passes. Statistics of other shapes are left to tfjs.
 */
export const fusedBatchNorm: WasmKernel = {
  name: FusedBatchNorm,
  run: (call: Call, module) => {
    const {inputs, attrs, backend, stock} = call;
    if (!isOverChannels(inputs)) return stock();
    const {x, mean, variance, scale = onesLike(mean), offset = zerosLike(mean)} = inputs;
    return tidy(() => {
      const factor = mul(rsqrt(add(variance, attrs.varianceEpsilon)), scale);
      const terms = concat([mean, factor, offset]);
      const scratchBytes = module.rowScratch(mean.size, 3);
      return makeTensor(
        backend,
        {kernelName: FusedBatchNorm, shape: x.shape, scratchBytes},
        (to, scratch) => {
          module.normalize(x.size, mean.size, pointerTo(backend, x), pointerTo(backend, terms), to, scratch);
        },
      ) as Tensor;
    });
  },
  compose: ({stock}: Call) => stock(),
  sample: () => {
    return [5, 600].map(channels => {
      const [mean, variance, scale, offset] = [1, 2, 3, 4].map(seed => random([channels], seed, 0.1, 2));
      const inputs = {x: random([3, 2, 5, channels], 5, 0.1, 2), mean, variance, scale, offset};
      return runKernel(FusedBatchNorm, inputs, {varianceEpsilon: 1e-3});
    });
  },
  gradient: batchNormGradient(
    ({x, mean, variance, scale}) => isWasm() && isOverChannels({x, mean, variance, scale}),
    slopesFromSums,
  ),
};

/** In two passes: one for x, one for all the rest, where tfjs asks for them. */
function slopesFromSums(dy: Tensor, call: BatchNormCall): BatchNormSlopes {
  const {x, mean, scale} = call;
  // As numbers: tfjs disposes of a tensor that one slope makes before it asks for the next.
  let sums: Float32Array | undefined;
  const sumsOf = (row: 0 | 1) => {
    sums ??= tidy(() => batchNormSums(dy, x, mean).dataSync<'float32'>());
    return rawTensor(sums.slice(row * mean.size, (row + 1) * mean.size), [mean.size]);
  };
  const forScale = () => mul(sumsOf(1), inverseDeviation(call)) as Tensor;
  return {
    x: () => mul(dy, mul(inverseDeviation(call), scale)),
    scale: forScale,
    offset: () => sumsOf(0),
    mean: () => slopeOfMean(call, sumsOf(0)),
    variance: () => slopeOfVariance(call, forScale()),
  };
}

function isOverChannels({x, ...others}: NamedTensorMap): boolean {
  const channels = x.shape[x.rank - 1];
  const given = Object.values(others).filter(tensor => tensor !== undefined);
  const areRows = given.every(
    ({rank, size, dtype}) => rank === 1 && size === channels && dtype === 'float32',
  );
  return areRows && x.dtype === 'float32' && x.size > 0;
}
