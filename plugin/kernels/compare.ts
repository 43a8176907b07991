import type {Tensor} from '@tensorflow/tfjs-core';

/** Why ours is not the same as stock, or null: NaN and infinities must be in the same places. */
export function difference(stock: Tensor[], ours: Tensor[], tolerance: number): string | null {
  if (stock.length !== ours.length) return `${ours.length} results instead of ${stock.length}`;
  for (const [i, tensor] of stock.entries()) {
    if (tensor.shape.join() !== ours[i].shape.join()) {
      return `the shape [${ours[i].shape}] instead of [${tensor.shape}]`;
    }
    const [expected, got] = [tensor, ours[i]].map(t => Array.from(t.dataSync()));
    const bound =
      tolerance * expected.reduce((most, x) => (isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
    const at = expected.findIndex(
      (x, j) => !Object.is(x, got[j]) && !(Math.abs(x - got[j]) <= bound) && x !== got[j],
    );
    if (at >= 0) return `${got[at]} instead of ${expected[at]}`;
  }
  return null;
}
