/** A linear function: intercept + sum_j coefficients_j x_j. */
export interface LinearFit {
  intercept: number;
  /** 0 for columns that the others already give. */
  coefficients: number[];
  /** Number of columns that count. */
  rank: number;
}

/** A column whose part that is new is smaller than this, of length 1, is given by the columns before it. */
const TOLERANCE = 1e-10;

/** The smallest normal number: what is divided by less may be Infinity. */
const SMALLEST = 2 ** -1022;

/**
 * Fits a linear function by least squares: columns centred and scaled, then Householder's QR decomposition with column
 * pivoting, so that neither columns of different size nor columns that depend on one another spoil it.
 *
 * @param rows One for each observation, all of the same length.
 * @param values What is to be fitted, one for each row.
 */
export function leastSquares(rows: number[][], values: ArrayLike<number>): LinearFit {
  const [n, p] = [rows.length, rows[0]?.length ?? 0];
  const average = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const raw = Array.from({length: p}, (_, j) => rows.map(row => row[j]));
  const centers = raw.map(average);
  const centred = raw.map((column, j) => column.map(value => value - centers[j]));
  // The rounding of a constant column is no column, and of subnormal numbers none is a coefficient's worth.
  const sizes = centred.map((column, j) =>
    lengthOf(column) > Math.max(1e-13 * lengthOf(raw[j]), SMALLEST) ? lengthOf(column) : 0,
  );
  const columns = centred.map((column, j) => column.map(value => (sizes[j] > 0 ? value / sizes[j] : 0)));
  const target = Array.from(values);
  const center = average(target);
  const rest = target.map(value => value - center);
  const order = Array.from({length: p}, (_, j) => j);
  let rank = 0;
  for (; rank < Math.min(n, p); rank++) {
    const lengths = order.map((j, k) => (k < rank ? -1 : lengthOf(columns[j].slice(rank))));
    const best = lengths.indexOf(Math.max(...lengths));
    if (lengths[best] <= TOLERANCE) break;
    [order[rank], order[best]] = [order[best], order[rank]];
    const mirror = mirrorOf(columns[order[rank]], rank);
    for (const j of order.slice(rank)) reflect(columns[j], mirror, rank);
    reflect(rest, mirror, rank);
  }
  const coefficients = new Array<number>(p).fill(0);
  for (let k = rank - 1; k >= 0; k--) {
    let value = rest[k];
    for (let l = k + 1; l < rank; l++) value -= columns[order[l]][k] * coefficients[order[l]];
    coefficients[order[k]] = value / columns[order[k]][k];
  }
  for (const j of order.slice(0, rank)) coefficients[j] /= sizes[j];
  const intercept = coefficients.reduce((sum, value, j) => sum - value * centers[j], center);
  return {intercept, coefficients, rank};
}

/** The value of a linear function. */
export function valueOf({intercept, coefficients}: LinearFit, row: number[]): number {
  return coefficients.reduce((sum, coefficient, j) => sum + coefficient * row[j], intercept);
}

function lengthOf(vector: number[]): number {
  return Math.hypot(...vector);
}

/** The unit normal of the plane in which a reflection makes everything of a column below its k-th entry 0. */
function mirrorOf(column: number[], k: number): number[] {
  const normal = column.slice(k);
  const length = lengthOf(normal);
  normal[0] += normal[0] < 0 ? -length : length;
  const size = lengthOf(normal);
  return normal.map(value => value / size);
}

function reflect(vector: number[], normal: number[], k: number): void {
  const twice = 2 * normal.reduce((sum, value, i) => sum + value * vector[k + i], 0);
  normal.forEach((value, i) => (vector[k + i] -= twice * value));
}
