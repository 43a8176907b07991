import {tensor, type Tensor} from '@tensorflow/tfjs-core';
import {checkKeys, isFiniteNumber} from '../checks.js';
import type {Classifier} from '../types.js';
import {ask} from './ask.js';
import {checkCount, checkSeed, checkTensors} from './attack_options.js';
import type {AttackResult, CommonAttackOptions, Labels} from './attack_types.js';
import {gaussian} from './balls.js';
import {defineMinimumAttack} from './define_attack.js';
import {inTurn, whileHeld} from './in_turn.js';
import {checkWatch, readNumbers} from './known_options.js';
import type {Search} from './search.js';
import {scoreOf} from './square_score.js';

const CALLER = 'gaussianNoise';

/** Options of `gaussianNoise`. */
export interface GaussianNoiseOptions extends Omit<CommonAttackOptions, 'norm' | 'targeted'> {
  /** Standard deviations of the noise, >= 0, in units of x: a list for a list of results. */
  sigmas: number | number[];
  /** How often noise is drawn for each example and sigma. Default 1. */
  draws?: number;
  /** Seed of the noise, an integer. An example's noise depends on it, on the draw and on its place only. Default 0. */
  seed?: number;
}

/** What noise of one strength does; the caller disposes of `adversarial`. */
export interface GaussianNoiseResult extends Omit<AttackResult, 'epsilon' | 'gradients'> {
  sigma: number;
  /** Share of all examples and draws in which the class is right; NaN or Infinity among the logits is not. */
  accuracy: number;
  /** Share of all examples and draws in which NaN or Infinity is among the logits. */
  brokenShare: number;
  /** The worst draw of each example: a broken one, else a wrong one, else the one with the smallest logit margin. */
  adversarial: Tensor;
  /** Whether the class is wrong in at least one draw. */
  success: boolean[];
  /** The l2 norm of the worst draw's noise, after clipping. */
  distance: Float64Array;
}

/**
 * Adds Gaussian noise, as in the paper's supplementary: what a net makes of small changes that nobody has chosen.
 *
 *     clip(x + sigma n),   n ~ N(0, 1) for each value
 *
 * The noisy inputs are clipped to the bounds, so that they remain inputs: of an image with many black pixels about half
 * of the noise there is lost, and `distance` says how much is left. The same n serves all sigmas.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes: one-hot [examples, classes] or indices [examples].
 * @returns One result, or one for each of the sigmas.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const results = await gaussianNoise(toClassifier(model), x, labels, {sigmas: [0.1, 0.2], draws: 10});
 */
export function gaussianNoise(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: GaussianNoiseOptions & {sigmas: number},
): Promise<GaussianNoiseResult>;
export function gaussianNoise(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: GaussianNoiseOptions & {sigmas: number[]},
): Promise<GaussianNoiseResult[]>;
export function gaussianNoise(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: GaussianNoiseOptions,
): Promise<GaussianNoiseResult | GaussianNoiseResult[]>;
export async function gaussianNoise(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: GaussianNoiseOptions,
): Promise<GaussianNoiseResult | GaussianNoiseResult[]> {
  checkKeys(CALLER, 'options', options, [
    'sigmas',
    'draws',
    'seed',
    'bounds',
    'batchSize',
    'onProgress',
    'signal',
  ]);
  const {sigmas, draws = 1, seed = 0, onProgress, ...rest} = options;
  const isSigma = (value: unknown) => isFiniteNumber(value) && value >= 0;
  const list = readNumbers(CALLER, 'sigmas', sigmas, {passes: isSigma, expected: 'a finite number >= 0'});
  checkCount(CALLER, 'draws', draws);
  checkSeed(CALLER, seed);
  checkWatch(CALLER, options);
  checkTensors(CALLER, classifier, x, labels);
  const looks = x.shape[0] * draws;
  const results = await whileHeld(x, labels, held =>
    inTurn(list, onProgress, async (sigma, onProgress) => {
      const tally = {right: 0, broken: 0};
      const noise = {...rest, sigma, draws, seed, tally, onProgress};
      const {adversarial, success, distance, broken} = await addNoise(classifier, held.x, held.labels, noise);
      const [accuracy, brokenShare] = [tally.right / looks, tally.broken / looks];
      return {sigma, accuracy, brokenShare, adversarial, success, distance, broken};
    }),
  );
  return Array.isArray(sigmas) ? results : results[0];
}

/** Noise of one strength; what is seen on the way is counted in `tally`. */
interface Noise {
  sigma: number;
  draws: number;
  seed: number;
  tally: {right: number; broken: number};
}

/** As an attack that has no radius: it brings the checks, the batches and the judgement. */
const addNoise = defineMinimumAttack<Noise & CommonAttackOptions, Noise>({
  name: CALLER,
  norms: ['l2'],
  options: ['sigma', 'draws', 'seed', 'tally'],
  attacks: 'all',
  usesGradients: false,
  canTarget: false,
  resolve: (_, noise) => noise,
  run: worstDraws,
});

async function worstDraws(search: Search, {sigma, draws, seed, tally}: Noise): Promise<Tensor> {
  const {classes, bounds} = search.task;
  const [low, high] = bounds;
  const x = (await search.x.data()) as Float32Array;
  const size = x.length / search.size;
  const worst = Float32Array.from(x);
  const harm = new Float64Array(search.size).fill(-Infinity);
  for (let draw = 0; draw < draws; draw++) {
    const noisy = new Float32Array(x.length);
    search.streams(seed, draw).forEach((random, i) => {
      for (let j = i * size; j < (i + 1) * size; j++)
        noisy[j] = Math.min(Math.max(x[j] + sigma * gaussian(random), low), high);
    });
    const logits = await ask(search, noisy);
    search.reached(logits).forEach((isWrong, i) => {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      const score = scoreOf('logitMargin', row, search.labels[i], false);
      const isBroken = Number.isNaN(score);
      if (isBroken) tally.broken++;
      else if (!isWrong) tally.right++;
      // A margin is at least 0 where the class is wrong and at most 0 where it is right: the 1 keeps equals apart.
      const done = isBroken ? Infinity : isWrong ? 1 + score : score;
      if (done <= harm[i]) return;
      harm[i] = done;
      worst.set(noisy.subarray(i * size, (i + 1) * size), i * size);
    });
    await search.task.step(search.size);
  }
  return tensor(worst, search.x.shape);
}
