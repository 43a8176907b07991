import {tensor, type Tensor} from '@tensorflow/tfjs-core';

/** Numbers that look normally distributed, the same on every engine; not the generator that is tested. */
export function randoms(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const next = () => {
    // Marsaglia's xorshift32.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state + 0.5) / 2 ** 32;
  };
  if (state === 0) state = 1;
  for (let i = 0; i < 8; i++) next();
  return Float32Array.from({length: count}, () => {
    const radius = Math.sqrt(-2 * Math.log(next()));
    return radius * Math.cos(2 * Math.PI * next());
  });
}

export function randomTensor<T extends Tensor = Tensor>(shape: number[], seed: number, scale = 1): T {
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    randoms(size, seed).map(r => r * scale),
    shape,
  ) as T;
}

/** Multiples of 1/4 from 0 on in an order that looks random: no two are equal or closer than that. */
export function shuffled(shape: number[], seed: number): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const keys = randoms(size, seed);
  const order = Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
  return tensor(
    order.map(place => place / 4),
    shape,
  );
}
