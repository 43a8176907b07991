import type {Tensor} from '@tensorflow/tfjs-core';
import {apgd, deepFool, fab, fgsm, ifgsm, pgd, square, type AttackResult} from '../../../src/index.js';
import type {Logits} from './nets.js';
import type {StoredAttack, StoredNorm} from './stored_runs.js';

type Within = 'fgsm' | 'ifgsm' | 'pgd' | 'apgd-ce' | 'apgd-dlr' | 'square';
type Nearest = 'deepfool' | 'fab';
interface Goal {
  norm: StoredNorm;
  epsilons: number[];
  batchSize: number;
  seed?: number;
}
type Args = [logits: Logits, x: Tensor, labels: Int32Array];

/** The attacks that draw numbers. */
export const RANDOM: StoredAttack[] = ['pgd', 'apgd-ce', 'apgd-dlr', 'square'];

/** What stands here for an attack of Python's within a ball: the same rule, losses, steps and restarts. */
const within: Record<Within, (args: Args, goal: Goal) => Promise<AttackResult[]>> = {
  fgsm: (args, goal) => fgsm(...args, goal),
  ifgsm: (args, goal) => ifgsm(...args, {...goal, steps: 10}),
  pgd: (args, goal) => pgd(...args, {...goal, loss: 'crossEntropy', steps: 40}),
  'apgd-ce': (args, goal) => apgd(...args, {...goal, loss: 'crossEntropy', steps: 50, restarts: 1}),
  'apgd-dlr': (args, goal) => apgd(...args, {...goal, loss: 'dlr', steps: 50, restarts: 1}),
  square: (args, goal) => square(...args, {...goal, queries: 1000, restarts: 1, pInit: 0.8}),
};

/** The same for attacks that seek the nearest adversarial input. */
const nearest: Record<Nearest, (args: Args, goal: Omit<Goal, 'epsilons'>) => Promise<AttackResult>> = {
  deepfool: (args, goal) => deepFool(...args, {...goal, steps: 50, overshoot: 0.02}),
  fab: (args, goal) => fab(...args, {...goal, steps: 100, restarts: 1}),
};

/** What an attack of ours did, in the manner of what is stored. */
export interface Outcome {
  /** For each epsilon a character for each example: '1' is classified right still. */
  robust: string[];
  /** Of the nearest adversarial inputs, Infinity where none was found; of attacks that seek them. */
  distances?: number[];
}

export async function attackAs(
  attack: StoredAttack,
  args: Args,
  norm: StoredNorm,
  epsilons: number[],
  seed?: number,
): Promise<Outcome> {
  const goal = {norm, batchSize: 250};
  if (attack === 'deepfool' || attack === 'fab') {
    const {adversarial, distance, success} = await nearest[attack](args, goal);
    adversarial.dispose();
    const distances = Array.from(distance, (value, i) => (success[i] ? value : Infinity));
    return {distances, robust: epsilons.map(epsilon => flags(distances.map(value => value > epsilon)))};
  }
  const results = await within[attack](args, {...goal, epsilons, ...(RANDOM.includes(attack) && {seed})});
  for (const {adversarial} of results) adversarial.dispose();
  return {robust: results.map(({success}) => flags(success.map(isOver => !isOver)))};
}

const flags = (robust: boolean[]) => robust.map(Number).join('');
