import {add, engine, mul, tensor, tidy, type NamedAttrMap, type Tensor} from '@tensorflow/tfjs-core';
import {dot, leaningDirection, slopeAtZero} from './finite_differences.js';
import {randomTensor} from './randoms.js';

/**
 * Compares the registered gradient of a kernel with finite differences of the kernel itself, for one of its inputs:
 * the slope of sum(g * kernel(inputs)) along a leaning direction.
 *
 * @returns The claimed and the measured slope.
 */
export function kernelSlopes(
  kernel: string,
  inputs: Record<string, Tensor>,
  attrs: NamedAttrMap,
  of: string,
  largest?: number,
): {claimed: number; measured: number} {
  const run = (x: Tensor) => engine().runKernel(kernel, {...inputs, [of]: x}, attrs) as Tensor;
  const x = inputs[of];
  return tidy(() => {
    const g = randomTensor(run(x).shape, 77);
    const [slope] = engine().gradients(() => run(x), [x], g, true).grads;
    const claimed = slope.dataSync();
    const u = leaningDirection(claimed, 5);
    const along = (t: number) =>
      tidy(() => {
        const moved = add(x, mul(tensor(u, x.shape), t));
        return dot(g.dataSync(), run(moved).dataSync());
      });
    return {claimed: dot(claimed, u), measured: slopeAtZero(along, largest)};
  });
}

/**
 * The same for a whole second derivative: the slope of c . f'(x), with f' the first-order gradient of sum(dy * f).
 *
 * @param prepare Runs on the live tape after the forward pass and after the first gradient.
 */
export function secondSlopes(
  f: (x: Tensor) => Tensor,
  x: Tensor,
  prepare: () => void = () => {},
  largest?: number,
): {claimed: number; measured: number} {
  const gradientOf = (y: () => Tensor, x: Tensor, dy: Tensor) =>
    engine().gradients(y, [x], dy, true).grads[0];
  return tidy(() => {
    const [dy, c] = [randomTensor(f(x).shape, 78), randomTensor(x.shape, 79)];
    const slopesAt = (x: Tensor) => {
      const taped = () => {
        const y = f(x);
        prepare();
        return y;
      };
      return gradientOf(taped, x, dy);
    };
    const taped = () => {
      const y = f(x);
      prepare();
      const slope = gradientOf(() => y, x, dy);
      prepare();
      return slope;
    };
    const claimed = gradientOf(taped, x, c)?.dataSync() ?? new Float32Array(x.size);
    const u = leaningDirection(claimed, 6);
    const along = (t: number) =>
      tidy(() => {
        const moved = add(x, mul(tensor(u, x.shape), t));
        return dot(c.dataSync(), slopesAt(moved).dataSync());
      });
    return {claimed: dot(claimed, u), measured: slopeAtZero(along, largest)};
  });
}
