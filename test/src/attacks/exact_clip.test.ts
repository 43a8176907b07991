import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {AttackNorm} from '../../../src/attacks/attack_types.js';
import type {Bounds} from '../../../src/attacks/balls.js';
import {clipExactly, distanceBetween} from '../../../src/attacks/exact_clip.js';

const RUNS = 20_000;
const NORMS: AttackNorm[] = ['linf', 'l2', 'l1'];

const LARGEST = Math.fround(3.4e38);
const special = [0, -0, 1, -1, 2 ** -149, -(2 ** -149), 2 ** -126, 3e38, -3e38, 0.1, 255].map(Math.fround);
const value = fc.oneof(
  fc.float({noNaN: true, noDefaultInfinity: true, min: -LARGEST, max: LARGEST}),
  fc.float({noNaN: true, min: Math.fround(-2), max: Math.fround(2)}),
  fc.constantFrom(...special),
);
const bounds = fc
  .tuple(value, value)
  .filter(([a, b]) => a !== b)
  .map(([a, b]): Bounds => [Math.min(a, b), Math.max(a, b)]);
const epsilon = fc.oneof(
  fc.double({noNaN: true, min: 1e-45, max: 1e30}),
  fc.integer({min: -45, max: 30}).map(exponent => 10 ** exponent),
  fc.constantFrom(0, 5e-324, 2 ** -149, 0.3, 8 / 255),
);
const anything = fc.oneof(value, fc.constantFrom(NaN, Infinity, -Infinity));

/** An input inside the bounds, where an attack has come to, and both in the same number of values. */
const cases = fc
  .tuple(bounds, epsilon, fc.array(fc.tuple(value, anything, fc.boolean()), {minLength: 1, maxLength: 12}))
  .map(([[low, high], epsilon, pairs]) => {
    const x = Float32Array.from(pairs, ([start]) => Math.min(Math.max(start, low), high));
    // Half of the values close to x, a few neighbours in float32 away: there the rounding counts.
    const found = Float32Array.from(pairs, ([, end, isNear], i) =>
      isNear ? x[i] + x[i] * 1e-7 * (i % 5) : end,
    );
    return {bounds: [low, high] as Bounds, epsilon, x, found};
  });

/** 0 for -0. */
const unsigned = (value: number) => value + 0;

/** The norm of a - b with sums that lose nothing that counts (Neumaier); for l2 of values divided by the largest. */
function carefulNorm(a: Float32Array, b: Float32Array, norm: AttackNorm): number {
  const sizes = Array.from(a, (value, i) => Math.abs(value - b[i]));
  const largest = Math.max(...sizes);
  if (norm === 'linf' || largest === 0) return largest;
  const terms = sizes.map(size => (norm === 'l1' ? size / largest : (size / largest) ** 2));
  let [total, rest] = [0, 0];
  for (const term of terms) {
    const next = total + term;
    rest += Math.abs(total) >= term ? total - next + term : term - next + total;
    total = next;
  }
  return largest * (norm === 'l1' ? total + rest : Math.sqrt(total + rest));
}

describe.each(NORMS)(`clipping to a ball of %s, over ${RUNS} strange inputs`, norm => {
  it('leaves nothing outside the ball and the bounds, in double precision, and says what the norm is', () => {
    fc.assert(
      fc.property(cases, ({bounds: [low, high], epsilon, x, found}) => {
        const length = clipExactly(found, x, norm, epsilon, [low, high]);
        expect(length).toBeLessThanOrEqual(epsilon);
        expect(length).toBe(distanceBetween(found, x, norm));
        expect(found.every(v => v >= low && v <= high)).toBe(true);
        // The careful sum has errors of its own, of one rounding.
        expect(carefulNorm(found, x, norm)).toBeLessThanOrEqual(epsilon * (1 + 4e-16));
      }),
      {numRuns: RUNS, seed: 1},
    );
  });

  it('changes nothing when it is done again', () => {
    fc.assert(
      fc.property(cases, ({bounds, epsilon, x, found}) => {
        clipExactly(found, x, norm, epsilon, bounds);
        const once = found.map(unsigned);
        clipExactly(found, x, norm, epsilon, bounds);
        expect(found.map(unsigned)).toEqual(once);
      }),
      {numRuns: RUNS, seed: 2},
    );
  });

  it('leaves alone what is inside already', () => {
    fc.assert(
      fc.property(cases, ({bounds, x, found}) => {
        clipExactly(found, x, norm, Infinity, bounds);
        const before = found.map(unsigned);
        clipExactly(found, x, norm, distanceBetween(found, x, norm), bounds);
        expect(found.map(unsigned)).toEqual(before);
      }),
      {numRuns: RUNS, seed: 3},
    );
  });

  it('puts NaN back to the input, and Infinity to the bound', () => {
    const x = Float32Array.of(0.25, 0.5, 0.75);
    const found = Float32Array.of(NaN, Infinity, -Infinity);
    clipExactly(found, x, norm, 10, [0, 1]);
    expect(Array.from(found)).toEqual([0.25, 1, 0]);
  });

  it('gives back the input where epsilon is 0', () => {
    const x = Float32Array.of(0.1, 2 ** -149, 0.9);
    const found = Float32Array.of(1, 0, 0.3);
    expect(clipExactly(found, x, norm, 0, [0, 1])).toBe(0);
    expect(found).toEqual(x);
  });

  it('keeps to the ball where a sum has so many terms that its rounding counts', () => {
    // 2^20 terms: a naive sum may be wrong by 1e-10, more than the hair that is taken off at first.
    const size = 2 ** 20;
    const x = new Float32Array(size);
    const found = Float32Array.from(x, (_, i) => 0.1 + (i % 7) / 100);
    for (const epsilon of [1e-3, 1, 37]) {
      const clipped = found.slice();
      const length = clipExactly(clipped, x, norm, epsilon, [0, 1]);
      expect(length).toBeLessThanOrEqual(epsilon);
      // As far as float32 lets it: 2^-23 of each value.
      expect(length).toBeGreaterThan(Math.min(epsilon, distanceBetween(found, x, norm)) * (1 - 3e-7));
    }
  });
});

describe('clipping', () => {
  it('uses up the ball but for one rounding of float32', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NORMS),
        fc.array(fc.float({noNaN: true, min: 0, max: 1}), {minLength: 1, maxLength: 20}),
        fc.double({noNaN: true, min: 1e-3, max: 0.2}),
        (norm, values, epsilon) => {
          const x = Float32Array.from(values, v => v / 2);
          const found = Float32Array.from(values, (v, i) => (i % 2 ? 1 : v));
          const far = distanceBetween(found, x, norm);
          const length = clipExactly(found, x, norm, epsilon, [0, 1]);
          const lost = values.length * 2 ** -23;
          expect(length).toBeGreaterThanOrEqual(Math.min(far, epsilon) - lost);
        },
      ),
      {numRuns: 5_000, seed: 4},
    );
  });

  it('stops at the neighbour of 0 that is next to the input, where 0 would be too far', () => {
    // x is five times the smallest float32, a step of 4.9 of them leads to 0.1, which rounds to 0: 1 is taken instead.
    const smallest = 2 ** -149;
    const found = Float32Array.of(-1);
    clipExactly(found, Float32Array.of(5 * smallest), 'linf', 4.9 * smallest, [-1, 1]);
    expect(found[0]).toBe(smallest);
  });
});

describe('the distance', () => {
  // 3-4-5: |0.75 - 0| and |0 - 1|, exact in float32.
  const [a, b] = [Float32Array.of(0.75, 0, 2), Float32Array.of(0, 1, 2)];

  it.each([
    ['linf', 1],
    ['l2', 1.25],
    ['l1', 1.75],
  ] as const)('in %s is %d for the triangle of 3, 4 and 5 quarters', (norm, expected) => {
    expect(distanceBetween(a, b, norm)).toBe(expected);
  });

  it('is NaN where NaN is in it, wherever that stands', () => {
    for (const norm of NORMS)
      for (const i of [0, 1, 2]) {
        const spoilt = a.slice();
        spoilt[i] = NaN;
        expect(distanceBetween(spoilt, b, norm)).toBeNaN();
      }
  });
});
