import {
  broadcastTo,
  div,
  reshape,
  util,
  type MeanAttrs,
  type NamedAttrMap,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** The slope of a mean: dy over the number of values, spread over them in one pass where tfjs makes three; of at least one value. */
export function meanSlope(dy: Tensor, x: Tensor, attrs: NamedAttrMap): Tensor {
  const {axis} = attrs as unknown as MeanAttrs;
  const axes = util.parseAxisParam(axis, x.shape);
  const shape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const count = axes.reduce((product, i) => product * x.shape[i], 1);
  return broadcastTo(reshape(div(dy, count), shape), x.shape as [number]);
}
