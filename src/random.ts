/**
 * A stream of random numbers whose whole state is four 32-bit integers (xoshiro128**, Blackman and Vigna 2018,
 * seeded by splitmix32), so that it can be stored and resumed; any integer is a good seed, 0 included.
 */
export class RandomStream {
  private state: Uint32Array;

  constructor(seed: number) {
    this.state = Uint32Array.from([1, 2, 3, 4], i => mix(Math.trunc(seed) + Math.imul(i, 0x9e3779b9)));
  }

  /** A number in [0, 1) with 32 random bits. */
  next(): number {
    return this.nextUint32() / 2 ** 32;
  }

  /** An integer in [0, 2^32). */
  nextUint32(): number {
    const s = this.state;
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
  }

  /** The state, four integers, for `setState`. */
  getState(): number[] {
    return Array.from(this.state);
  }

  setState(state: number[]): void {
    this.state = Uint32Array.from(state);
  }
}

/** A well mixed seed for the n-th step of a run, so that a step's draw depends on nothing but seed and step. */
export function stepSeed(seed: number, step: number): number {
  return mix(mix(seed) + step);
}

function mix(x: number): number {
  x = (x + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
