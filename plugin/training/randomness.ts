import type {RandomStream} from '../../src/index.js';

/**
 * Runs f, which must be synchronous, with numbers of this stream wherever Math.random is asked: tfjs draws the seeds of
 * dropout masks and noise there.
 */
export function withRandom<T>(stream: RandomStream, f: () => T): T {
  const original = Math.random;
  Math.random = () => stream.next();
  try {
    return f();
  } finally {
    Math.random = original;
  }
}

/** The numbers 0 to size - 1 in an order that the stream draws (Fisher and Yates). */
export function permutation(size: number, stream: RandomStream): Int32Array {
  const order = Int32Array.from({length: size}, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(stream.next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
