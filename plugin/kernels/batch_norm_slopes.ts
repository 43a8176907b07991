import {
  add,
  FusedBatchNorm,
  mul,
  neg,
  rsqrt,
  sub,
  sum,
  type FusedBatchNormAttrs,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {isTaped} from './off_tape.js';
import type {GradientStandIn} from './stand_in.js';

/** The slopes of a batch normalization, each made when it is asked for. */
export type BatchNormSlopes = Record<'x' | 'mean' | 'variance' | 'offset' | 'scale', () => Tensor>;

/** What a batch normalization over the last axis was made of. */
export interface BatchNormCall {
  x: Tensor;
  mean: Tensor;
  variance: Tensor;
  scale: Tensor;
  epsilon: number;
}

/**
 * Stands in for the gradient of batch normalization. While a gradient is made that is to be differentiated again, slopes
 * come from tfjs's operations.
 *
 * @param isOurs Whether a call, on the backend that is, is one for `slopes`.
 */
export function batchNormGradient(
  isOurs: (call: BatchNormCall) => boolean,
  slopes: (dy: Tensor, call: BatchNormCall) => BatchNormSlopes,
): GradientStandIn {
  return {
    of: FusedBatchNorm,
    replace: stock => ({
      ...stock,
      gradFunc: (dy, saved, attrs) => {
        const [x, mean, variance, scale] = saved;
        const epsilon = (attrs as unknown as FusedBatchNormAttrs).varianceEpsilon;
        const call = {x, mean, variance, scale, epsilon};
        if (!isOurs(call)) return stock.gradFunc(dy, saved, attrs);
        return (isTaped() ? slopesFromOperations : slopes)(dy as Tensor, call);
      },
    }),
  };
}

/** 1 / standard deviation. */
export function inverseDeviation({variance, epsilon}: BatchNormCall): Tensor {
  return rsqrt(add(variance, epsilon));
}

/** The slope of the mean, from that of the offset. */
export function slopeOfMean(call: BatchNormCall, forOffset: Tensor): Tensor {
  return neg(mul(forOffset, mul(inverseDeviation(call), call.scale)));
}

/** The slope of the variance, from that of the scale. */
export function slopeOfVariance(call: BatchNormCall, forScale: Tensor): Tensor {
  const inverse = inverseDeviation(call);
  return mul(forScale, mul(mul(inverse, inverse), mul(call.scale, -0.5)));
}

/** All slopes from tfjs's operations, which can be differentiated again; in fewer passes than tfjs's own. */
export function slopesFromOperations(dy: Tensor, call: BatchNormCall): BatchNormSlopes {
  const {x, mean, scale} = call;
  const columns = (t: Tensor) => sum(t, [0, 1, 2]) as Tensor;
  const forScale = () => mul(columns(mul(dy, sub(x, mean))), inverseDeviation(call)) as Tensor;
  return {
    x: () => mul(dy, mul(inverseDeviation(call), scale)),
    scale: forScale,
    offset: () => columns(dy),
    mean: () => slopeOfMean(call, columns(dy)),
    variance: () => slopeOfVariance(call, forScale()),
  };
}
