import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {NetName} from './nets.js';

export type StoredNorm = 'linf' | 'l2';
export type StoredAttack = 'fgsm' | 'ifgsm' | 'pgd' | 'deepfool' | 'apgd-ce' | 'apgd-dlr' | 'square' | 'fab';

/** What an attack of Python's did to a net at one epsilon. */
export interface StoredRun {
  net: NetName;
  attack: StoredAttack;
  norm: StoredNorm;
  epsilon: number;
  settings: {dtype: 'float32' | 'float64'; seed?: number};
  robustAccuracy: number;
  /** A character for each example: '1' is classified right still. */
  robust: string;
  /** Of each example at its adversarial input: fgsm and ifgsm in float64. */
  crossEntropy?: number[];
  /** The first adversarial inputs, base64 of float32 [28, 28]: fgsm and ifgsm in float64 at the middle epsilon. */
  adversarial?: string[];
}

/** The distance at which an attack found each example's nearest adversarial input, null where it found none. */
export interface StoredDistances {
  net: NetName;
  attack: StoredAttack;
  norm: StoredNorm;
  values: Array<number | null>;
}

interface Stored {
  logitsApart: Record<NetName, number>;
  runs: StoredRun[];
  distances: StoredDistances[];
}

const read = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`./${name}`, import.meta.url)), 'utf8')) as Stored;
const files = ['foolbox.json', 'torch.json'].map(read);

export const epsilonsOf: Record<StoredNorm, [number, number, number]> = {
  linf: [0.05, 0.1, 0.2],
  l2: [0.5, 1, 2],
};
export const norms = Object.keys(epsilonsOf) as StoredNorm[];
export const storedRuns = files.flatMap(({runs}) => runs);
export const logitsApart = files.map(file => file.logitsApart);

/** The runs of an attack on a net at one epsilon: one for each precision in which it was made, and each seed. */
export function runsOf(attack: StoredAttack, net: NetName, norm: StoredNorm, epsilon: number): StoredRun[] {
  const found = storedRuns.filter(
    run => run.attack === attack && run.net === net && run.norm === norm && run.epsilon === epsilon,
  );
  if (found.length === 0)
    throw new Error(`runsOf: there is no run of ${attack} on ${net} at ${norm} ${epsilon}`);
  return found;
}

/** The distances at which an attack found adversarial inputs for a net. */
export function distancesOf(attack: StoredAttack, net: NetName, norm: StoredNorm): number[] {
  const all = files.flatMap(({distances}) => distances);
  const found = all.find(one => one.attack === attack && one.net === net && one.norm === norm);
  if (!found) throw new Error(`distancesOf: there are none of ${attack} on ${net} in ${norm}`);
  return found.values.map(value => value ?? Infinity);
}

/** How many of the first examples are classified right still. */
export function countRight(robust: string, examples = robust.length): number {
  return robust.slice(0, examples).replaceAll('0', '').length;
}

/** The adversarial inputs that a run stored, [28 x 28] each. */
export function picturesOf({adversarial}: StoredRun): Float32Array[] {
  return (adversarial ?? []).map(
    text => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer),
  );
}
