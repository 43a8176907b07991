import {describe, expect, it} from 'vitest';
import {RandomStream, stepSeed} from '../../src/random.js';

/** xoshiro128** as its authors publish it, in exact integers. */
function* reference(seed: number[]): Generator<number> {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  const s = seed.map(BigInt);
  for (;;) {
    yield Number((rotl((s[1] * 5n) & mask, 7n) * 9n) & mask);
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
  }
}

const draws = (random: RandomStream, n: number) => Array.from({length: n}, () => random.next());

describe('RandomStream', () => {
  it('is xoshiro128**: its first numbers from the state 1, 2, 3, 4 are those of the published generator', () => {
    const random = new RandomStream(0);
    random.setState([1, 2, 3, 4]);
    // By hand: rotl(2 * 5, 7) * 9 = 1280 * 9 = 11520; then s1 = 2 ^ 2 = 0; then s1 = 1029: rotl(5145, 7) * 9.
    expect([random.nextUint32(), random.nextUint32(), random.nextUint32()]).toEqual([11520, 0, 5927040]);
  });

  it('agrees with exact integer arithmetic for 2000 numbers', () => {
    const random = new RandomStream(123);
    const expected = reference(random.getState());
    for (let i = 0; i < 2000; i++) expect(random.nextUint32()).toBe(expected.next().value);
  });

  it.each([0, 1, -1, 7, 2 ** 31, 2 ** 32 - 1, 123456789012])('gives sound numbers for the seed %s', seed => {
    const numbers = draws(new RandomStream(seed), 20_000);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length;
    // Uniform: mean 1/2 with standard error sqrt(1/12/20000) = 0.00204; variance 1/12 with sqrt(1/180/20000) = 0.00053.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(4 * 0.00204);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * 0.00053);
  });

  it('falls evenly into 64 bins, and so does each bit', () => {
    const random = new RandomStream(5);
    const bins = new Array<number>(64).fill(0);
    const bits = new Array<number>(32).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const x = random.nextUint32();
      bins[x >>> 26]++;
      for (let b = 0; b < 32; b++) bits[b] += (x >>> b) & 1;
    }
    // Chi-square with 63 degrees: mean 63, standard deviation sqrt(126) = 11.2; 63 + 5 x 11.2 = 119.
    const chi = bins.reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(119);
    // A fair bit: 32000 with standard deviation sqrt(64000)/2 = 126.5.
    for (const n of bits) expect(Math.abs(n - 32_000)).toBeLessThan(5 * 126.5);
  });

  it('goes on where a stored state left off', () => {
    const random = new RandomStream(9);
    draws(random, 10);
    const state: number[] = JSON.parse(JSON.stringify(random.getState()));
    const next = draws(random, 20);
    const resumed = new RandomStream(4);
    resumed.setState(state);
    expect(draws(resumed, 20)).toEqual(next);
  });

  it('hands out a copy of its state', () => {
    const random = new RandomStream(9);
    const before = random.getState();
    random.getState().fill(0);
    expect(random.getState()).toEqual(before);
  });

  it('gives the same numbers for the same seed, others for its neighbours', () => {
    expect(draws(new RandomStream(3), 8)).toEqual(draws(new RandomStream(3), 8));
    const first = new Set([0, 1, 2, 3, -1, -2].flatMap(seed => draws(new RandomStream(seed), 8)));
    expect(first.size).toBe(48);
  });
});

describe('stepSeed', () => {
  it('depends on seed and step and nothing else', () => {
    expect(stepSeed(4, 10)).toBe(stepSeed(4, 10));
    expect(stepSeed(4, 10)).not.toBe(stepSeed(10, 4));
  });

  it('is a 32-bit integer, different for each of 1000 steps of 10 neighbouring seeds', () => {
    const seeds = Array.from({length: 10_000}, (_, i) => stepSeed(i % 10, Math.floor(i / 10)));
    expect(seeds.every(seed => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
    // Expected collisions of 10000 random 32-bit numbers: 10000^2 / 2 / 2^32 = 0.012.
    expect(new Set(seeds).size).toBe(10_000);
  });
});
