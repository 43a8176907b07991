import type {Tensor} from '@tensorflow/tfjs-core';
import type {Classifier} from '../types.js';

/** The norms in which attacks bound a perturbation. */
export type AttackNorm = 'linf' | 'l2' | 'l1';

/** What an attack that climbs makes larger: a loss on the logits, or the net's own (`classifier.ownLoss`). */
export type AttackLoss = 'crossEntropy' | 'logitMargin' | 'dlr' | 'own';

/** What was found of an example's gradients: anything but 'sound' means that the attack could not do its work. */
export type GradientHealth = 'sound' | 'zero' | 'nan' | 'infinite';

/** How far an attack is, for `onProgress`. */
export interface AttackProgress {
  /** Name of the attack. */
  attack: string;
  /** Radius under attack; undefined where the smallest perturbation is sought. */
  epsilon?: number;
  /** Examples that are done with, over all batches and radii, of so many. */
  examples: number;
  of: number;
  /** Steps made in this batch, and how many examples are still under attack in it. */
  step: number;
  active: number;
}

/** Options of every attack. */
export interface CommonAttackOptions {
  /** Norm of the perturbation. Default 'linf', of `deepFool` 'l2'. */
  norm?: AttackNorm;
  /** Smallest and largest value that an input may have. Default [0, 1]. */
  bounds?: [number, number];
  /** The labels are classes to be reached, not to be left. Default false. */
  targeted?: boolean;
  /** How many examples are attacked at once. Default 100. */
  batchSize?: number;
  /** Is called after each step. */
  onProgress?: (progress: AttackProgress) => void;
  /** Ends the attack: it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** One radius, > 0, in units of the input (0 leaves the input as it is): one result. */
export interface OneEpsilon {
  epsilon: number;
  epsilons?: undefined;
}

/** Several radii: one result for each, in the same order. */
export interface SeveralEpsilons {
  epsilons: number[];
  epsilon?: undefined;
}

/** What an attack found, example by example. */
export interface AttackResult {
  /** Radius of the attack; undefined where the smallest perturbation was sought without one. */
  epsilon?: number;
  /** [examples, ...], inside the ball and the bounds whether or not the attack succeeded. The caller disposes of it. */
  adversarial: Tensor;
  /** Whether the class of the adversarial input, judged anew, is wrong (targeted: is the target). */
  success: boolean[];
  /** Norm of adversarial - x, in double precision. */
  distance: Float64Array;
  /** Whether NaN or Infinity is among the logits of the input or of the adversarial input: neither robust nor beaten. */
  broken: boolean[];
  /** What the gradients were like; undefined for attacks that use none. */
  gradients?: GradientHealth[];
}

/** Any attack whose perturbation has a given radius. */
export interface Attack<Own> {
  (classifier: Classifier, x: Tensor, labels: Labels, options: Own & OneEpsilon): Promise<AttackResult>;
  (
    classifier: Classifier,
    x: Tensor,
    labels: Labels,
    options: Own & SeveralEpsilons,
  ): Promise<AttackResult[]>;
  /** Whether it draws random numbers, by its option seed. */
  readonly takesSeed?: boolean;
}

/** Any attack that seeks the smallest perturbation; with epsilons, the same clipped to them and judged again. */
export interface MinimumAttack<Own> extends Attack<Own> {
  (classifier: Classifier, x: Tensor, labels: Labels, options?: Own): Promise<AttackResult>;
}

/** True classes (targets, where targeted): one-hot [examples, classes], or class indices [examples]. */
export type Labels = Tensor | ArrayLike<number>;
