import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {leastSquares, valueOf} from '../../../src/evaluation/signature_least_squares.js';
import {worstRelative} from '../../support/expect_close.js';

// Longley (1967), employment in the USA from 1947 to 1962: columns that nearly depend on one another. NIST's Statistical
// Reference Datasets give the coefficients as certified values, computed with 500 digits.
const LONGLEY = [
  [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
  [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
  [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
  [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
  [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
  [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
  [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
  [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
  [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
];
const CERTIFIED = [
  ...[-3482258.63459582, 15.0618722713733, -0.35819179292591e-1, -2.02022980381683],
  ...[-1.03322686717359, -0.511041056535807e-1, 1829.15146461355],
];

const rows = LONGLEY.map(([, ...row]) => row);
const values = LONGLEY.map(([value]) => value);

describe('leastSquares', () => {
  it('gives the certified coefficients of the Longley data', () => {
    const {intercept, coefficients, rank} = leastSquares(rows, values);
    const error = worstRelative([intercept, ...coefficients], CERTIFIED, 1e-12);
    console.log(`Longley: largest relative error of a coefficient ${error.toExponential(1)}`);
    expect(rank).toBe(6);
    expect(error).toBeLessThan(1e-9);
  });

  it('gives back a linear function exactly, from as many points as it has coefficients', () => {
    // 3 + 2 a - b
    const points = [
      [0, 0],
      [1, 5],
      [-2, 7],
    ];
    const fit = leastSquares(
      points,
      points.map(([a, b]) => 3 + 2 * a - b),
    );
    expect(worstRelative([fit.intercept, ...fit.coefficients], [3, 2, -1], 1)).toBeLessThan(1e-14);
    expect(worstRelative([valueOf(fit, [10, 1])], [22], 1)).toBeLessThan(1e-14);
  });

  it('leaves columns at 0 that are constant or given by others, and fits as well without them', () => {
    const x = [1, 2, 3, 4, 6];
    const doubled = x.map(value => [value, 2 * value + 1, 7, value ** 2]);
    const fit = leastSquares(
      doubled,
      x.map(value => 5 - value + value ** 2),
    );
    expect(fit.rank).toBe(2);
    expect(fit.coefficients.filter(value => value === 0)).toHaveLength(2);
    const predicted = doubled.map(row => valueOf(fit, row));
    expect(
      worstRelative(
        predicted,
        x.map(value => 5 - value + value ** 2),
        1,
      ),
    ).toBeLessThan(1e-12);
  });

  it('takes no column of subnormal numbers, whose coefficient would be infinite', () => {
    const fit = leastSquares([[-1.5e-323], [0]], [0, -3e-15]);
    expect(fit).toEqual({intercept: -1.5e-15, coefficients: [0], rank: 0});
  });

  it('leaves residuals that no column can explain', () => {
    const row = fc.array(fc.double({min: -1, max: 1, noNaN: true}), {minLength: 3, maxLength: 3});
    const data = fc.array(fc.tuple(row, fc.double({min: -1, max: 1, noNaN: true})), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(data, pairs => {
        const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const fit = leastSquares(xs, ys);
        const residuals = xs.map((x, i) => ys[i] - valueOf(fit, x));
        const scale = Math.max(1, ...fit.coefficients.map(Math.abs));
        const columns = [xs.map(() => 1), ...[0, 1, 2].map(j => xs.map(x => x[j]))];
        for (const column of columns) {
          const product = column.reduce((sum, value, i) => sum + value * residuals[i], 0);
          expect(Math.abs(product)).toBeLessThan(1e-8 * scale);
        }
      }),
    );
  });
});
