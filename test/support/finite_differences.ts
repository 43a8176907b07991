import {add, mul, tensor, tidy, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {randoms} from './randoms.js';

/** How far two neighbouring estimates may differ, relative to themselves, to be believed. */
const AGREEMENT = 2e-4;

export interface Slope {
  slope: number;
  /** Whether three estimates in a row agree; where a switch of a relu or a maximum is too near, none do. */
  isSettled: boolean;
}

/**
 * The slope of f at 0 by central differences, extrapolated (Richardson) from pairs of steps of which one is half the
 * other. Large steps meet kinks and jumps, small ones drown in the rounding of float32: of the first three
 * estimates in a row that agree the last is taken, or else the two neighbours that agree best. What is expected plays
 * no part in it.
 *
 * @param floor Slopes smaller than this need not agree any better than this one.
 */
export function findSlope(f: (t: number) => number, largest = 0.08, floor = 0): Slope {
  const estimates: number[] = [];
  let [last, best, smallest, agreements] = [NaN, NaN, Infinity, 0];
  for (let i = 0; i < 8; i++) {
    const h = largest / 2 ** i;
    const central = (f(h) - f(-h)) / (2 * h);
    if (i > 0) estimates.push((4 * central - last) / 3);
    last = central;
    if (i < 2) continue;
    const [coarse, fine] = estimates.slice(-2);
    const difference = Math.abs(fine - coarse);
    const agrees = difference <= AGREEMENT * Math.max(Math.abs(fine), floor);
    agreements = agrees ? agreements + 1 : 0;
    if (agreements === 2) return {slope: fine, isSettled: true};
    if (difference < smallest) [best, smallest] = [(fine + coarse) / 2, difference];
  }
  return {slope: best, isSettled: false};
}

/** The slope of f at 0, f smooth. */
export function slopeAtZero(f: (t: number) => number, largest?: number): number {
  return findSlope(f, largest).slope;
}

/**
 * A direction along which every part of a gradient counts: random sizes, with the gradient's signs, so that nothing
 * cancels; where the gradient says 0 the signs are random, so that a false 0 shows.
 */
export function leaningDirection(gradient: ArrayLike<number>, seed: number): Float32Array {
  const random = randoms(gradient.length, seed);
  const signed = random.map((r, i) => (gradient[i] === 0 ? r : Math.sign(gradient[i]) * Math.abs(r)));
  const length = Math.sqrt(dot(signed, signed)) || 1;
  return signed.map(s => s / length);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

/** How well a gradient agrees with finite differences. */
export interface Agreement {
  /** The largest difference over the largest slope; Infinity when something is not finite. */
  error: number;
  /** Whether all finite differences are to be believed. */
  isSettled: boolean;
}

/**
 * Compares the gradient of a loss with finite differences of the loss, along two directions in which every variable
 * moves by the same length: each has its share in the slope, so that an error in one shows.
 */
export function compareGradient(
  loss: () => number,
  variables: Variable[],
  gradients: Array<ArrayLike<number>>,
  largest?: number,
): Agreement {
  const share = 1 / Math.sqrt(variables.length);
  const slopes = [17, 170].map(seed => {
    const directions = gradients.map((g, i) => leaningDirection(g, seed + i).map(u => u * share));
    const claimed = gradients.reduce((total, g, i) => total + dot(g, directions[i]), 0);
    const along = (t: number) => at(variables, directions, t, loss);
    return {claimed, ...findSlope(along, largest, Math.abs(claimed) / 5)};
  });
  const scale = Math.max(...slopes.map(({slope}) => Math.abs(slope)), 1e-6);
  const error = Math.max(...slopes.map(({slope, claimed}) => Math.abs(claimed - slope))) / scale;
  return {error: Number.isFinite(error) ? error : Infinity, isSettled: slopes.every(s => s.isSettled)};
}

/** The error alone, for a loss that is smooth. */
export function gradientError(...args: Parameters<typeof compareGradient>): number {
  return compareGradient(...args).error;
}

/** The loss with the variables moved; they are put back bit for bit. */
function at(variables: Variable[], directions: Float32Array[], t: number, loss: () => number): number {
  const starts = variables.map(variable => variable.dataSync().slice());
  const set = (valueOf: (i: number) => Tensor) =>
    variables.forEach((variable, i) => tidy(() => variable.assign(valueOf(i) as never)));
  try {
    set(i => add(variables[i], mul(tensor(directions[i], variables[i].shape), t)));
    return loss();
  } finally {
    set(i => tensor(starts[i], variables[i].shape));
  }
}
