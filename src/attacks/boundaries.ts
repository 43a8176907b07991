import type {Tensor} from '@tensorflow/tfjs-core';
import type {AttackNorm, GradientHealth} from './attack_types.js';
import {gapJacobian} from './jacobian.js';
import type {Search} from './search.js';

/** A class boundary as it looks from a point: the hyperplane gap + slope . step = 0. */
export interface Boundary {
  /** z_label - z_rival. */
  gap: number;
  /** Its gradient at the point; not 0 everywhere. */
  slope: Float32Array;
  /** Dual norm of the slope. */
  steepness: number;
  /** |gap| / steepness: how far the hyperplane is if no bounds are in the way. */
  distance: number;
}

/** What an attack sees from where its examples are. */
export interface Outlook {
  /** Of each example. */
  logits: Float32Array[];
  /** The boundaries of each, the nearest first; without those whose slope leads nowhere. */
  boundaries: Boundary[][];
  health: GradientHealth[];
}

/** The share of the logits that rounding may take or give when they are computed in another batch. */
const ROUNDING = 2 ** -20;

const DUAL: Record<AttackNorm, AttackNorm> = {linf: 'l1', l2: 'l2', l1: 'linf'};

/**
 * Looks at the boundaries around each example in linear approximation.
 *
 * @param at Where the examples are, [size, ...].
 * @param rivals The classes behind the boundaries, the same number for each example.
 */
export async function boundariesAround(search: Search, at: Tensor, rivals: number[][]): Promise<Outlook> {
  const {classes, norm} = search.task;
  const {logits, slopes} = await gapJacobian(search, at, rivals);
  const values = at.size / search.size;
  const outlook: Outlook = {logits: rowsOf(logits, classes), boundaries: [], health: []};
  outlook.logits.forEach((row, i) => {
    const boundaries = rivals[i].map((rival, k): Boundary => {
      const start = (k * search.size + i) * values;
      const slope = slopes.subarray(start, start + values);
      const gap = row[search.labels[i]] - row[rival];
      return boundaryOf(gap, slope, norm);
    });
    outlook.boundaries.push(nearestFirst(boundaries));
    outlook.health.push(healthOf(boundaries.map(({steepness}) => steepness)));
  });
  return outlook;
}

/** Measures a boundary in the norm of the perturbation. */
export function boundaryOf(gap: number, slope: Float32Array, norm: AttackNorm): Boundary {
  const steepness = lengthOf(slope, DUAL[norm]);
  return {gap, slope, steepness, distance: Math.abs(gap) / steepness};
}

/** Sorts boundaries by distance, without those that lead nowhere: flat, or not finite. */
export function nearestFirst(boundaries: Boundary[]): Boundary[] {
  return boundaries
    .filter(({distance, steepness}) => Number.isFinite(distance) && steepness < Infinity)
    .sort((a, b) => a.distance - b.distance);
}

function healthOf(steepnesses: number[]): GradientHealth {
  if (steepnesses.some(Number.isNaN)) return 'nan';
  if (steepnesses.includes(Infinity)) return 'infinite';
  return steepnesses.every(value => value === 0) ? 'zero' : 'sound';
}

/** The norm of a vector in double precision; NaN where NaN is in it. */
export function lengthOf(vector: ArrayLike<number>, norm: AttackNorm): number {
  let length = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i]);
    if (norm === 'linf') length = size > length || Number.isNaN(size) ? size : length;
    else length += norm === 'l1' ? size : size * size;
    if (Number.isNaN(length)) return NaN;
  }
  return norm === 'l2' ? Math.sqrt(length) : length;
}

/** What rounding may do to a gap between these logits. */
export function leeway(logits: Float32Array): number {
  // Above 0 also where all logits are.
  return Math.max(ROUNDING * lengthOf(logits, 'linf'), 1e-30);
}

/** The gap to the strongest rival, z_label - max z_other; NaN where a logit is. */
export function gapOf(logits: Float32Array, label: number): number {
  return logits[label] - Math.max(...logits.filter((_, k) => k !== label));
}

/** All classes but the label, the strongest first. */
export function rivalsByStrength(logits: Float32Array, label: number): number[] {
  const others = [...logits.keys()].filter(k => k !== label);
  return others.sort((a, b) => logits[b] - logits[a] || a - b);
}

/** A flat array as rows of this many values, not copied. */
export function rowsOf(values: Float32Array, width: number): Float32Array[] {
  return Array.from({length: values.length / width}, (_, i) => values.subarray(i * width, (i + 1) * width));
}
