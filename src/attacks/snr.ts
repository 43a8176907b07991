import {
  abs,
  add,
  clipByValue,
  div,
  maximum,
  mul,
  reshape,
  sqrt,
  sum,
  Tensor,
  tidy,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {check, checkKeys, isFiniteNumber} from '../checks.js';
import {dualNorm} from '../norms.js';
import {signs} from '../signs.js';
import type {Classifier} from '../types.js';
import {checkTensors, resolveLosses} from './attack_options.js';
import type {AttackLoss, AttackResult, CommonAttackOptions, Labels} from './attack_types.js';
import {asRows} from './balls.js';
import {defineMinimumAttack} from './define_attack.js';
import {distanceBetween} from './exact_clip.js';
import {inTurn, whileHeld} from './in_turn.js';
import {inputGradient} from './input_gradient.js';
import {checkWatch, readNumbers} from './known_options.js';
import type {Search} from './search.js';
import {worstCase} from './variants.js';

const CALLER = 'fgsmAtSnr';

/**
 * Measures how small each perturbation is beside its input (Cisse et al. 2017), in dB.
 *
 *     SNR(x, delta) = 20 log10(||x||_2 / ||delta||_2),   delta = adversarial - x
 *
 * @param x [examples, ...], float32.
 * @param adversarial Of the same shape.
 * @returns One for each example, in double precision: Infinity where nothing is changed, -Infinity for an input of zeros
 *     that is; NaN where NaN is.
 * @throws ArgumentError unless both are live float32 tensors of one shape.
 * @example
 * const {adversarial} = await fgsm(classifier, x, labels, {epsilon: 0.1});
 * const decibels = await signalToNoise(x, adversarial);
 */
export async function signalToNoise(x: Tensor, adversarial: Tensor): Promise<Float64Array> {
  for (const [argument, value] of Object.entries({x, adversarial})) {
    const ok = value instanceof Tensor && !value.isDisposed && value.dtype === 'float32' && value.rank >= 1;
    const got = value instanceof Tensor ? `${value.dtype} [${value.shape}]` : String(value);
    check(ok, 'signalToNoise', argument, 'to be a live float32 tensor [examples, ...]', got);
  }
  const areAlike = String(x.shape) === String(adversarial.shape);
  check(
    areAlike,
    'signalToNoise',
    'adversarial',
    `to be of the shape [${x.shape.join(', ')}]`,
    adversarial.shape,
  );
  const [from, to] = (await Promise.all([x.data(), adversarial.data()])) as Float32Array[];
  const size = x.size / x.shape[0];
  const nothing = new Float32Array(size);
  return Float64Array.from({length: x.shape[0]}, (_, i) => {
    const [before, after] = [from, to].map(values => values.subarray(i * size, (i + 1) * size));
    const noise = distanceBetween(after, before, 'l2');
    return noise === 0 ? Infinity : 20 * Math.log10(distanceBetween(before, nothing, 'l2') / noise);
  });
}

/** Options of `fgsmAtSnr`. */
export interface FgsmAtSnrOptions extends Omit<CommonAttackOptions, 'norm'> {
  /** Signal-to-noise ratio of the step before clipping, in dB: a list for a list of results. Default 33, as in the paper. */
  snr?: number | number[];
  /** What is climbed; of several, those after the first are tried on the examples that still stand. Default 'crossEntropy'. */
  loss?: AttackLoss | AttackLoss[];
}

/** What was found at one signal-to-noise ratio; the distances are linf: each example has an epsilon of its own. */
export interface FgsmAtSnrResult extends AttackResult {
  /** The ratio that was asked for. */
  snr: number;
  /** The ratio of each adversarial input, after clipping; Infinity where nothing was changed. */
  achieved: Float64Array;
  /** The mean of those that are finite; NaN where there are none. */
  meanAchieved: number;
}

/**
 * Attacks with one step, as `fgsm` in linf, of a length that gives each example the same signal-to-noise ratio: how the
 * paper compares with Parseval networks (section 4.3.3, at 33 dB).
 *
 *     adversarial = clip(x + epsilon sign(g)),   epsilon = 10^(-snr / 20) ||x||_2 / ||sign(g)||_2
 *
 * What the bounds clip off makes the perturbation smaller and the ratio larger than asked for: by 3 dB where half of the
 * values would leave them, as among the black pixels of a digit. `achieved` says what it is.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @returns One result, or one for each ratio of a list; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const {success, meanAchieved} = await fgsmAtSnr(toClassifier(model), x, labels, {snr: 33});
 */
export function fgsmAtSnr(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: FgsmAtSnrOptions & {snr: number[]},
): Promise<FgsmAtSnrResult[]>;
export function fgsmAtSnr(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options?: FgsmAtSnrOptions & {snr?: number},
): Promise<FgsmAtSnrResult>;
export async function fgsmAtSnr(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: FgsmAtSnrOptions = {},
): Promise<FgsmAtSnrResult | FgsmAtSnrResult[]> {
  const known = ['snr', 'loss', 'bounds', 'targeted', 'batchSize', 'onProgress', 'signal'];
  checkKeys(CALLER, 'options', options, known);
  const {snr = 33, onProgress, ...rest} = options;
  const list = readNumbers(CALLER, 'snr', snr, {passes: isFiniteNumber, expected: 'a finite number of dB'});
  checkWatch(CALLER, options);
  checkTensors(CALLER, classifier, x, labels);
  const results = await whileHeld(x, labels, held =>
    inTurn(list, onProgress, async (snr, onProgress) => {
      const result = await stepAtSnr(classifier, held.x, held.labels, {...rest, snr, onProgress});
      const achieved = await signalToNoise(held.x, result.adversarial);
      const finite = achieved.filter(Number.isFinite);
      const meanAchieved = finite.reduce((sum, value) => sum + value, 0) / finite.length;
      return {...result, snr, achieved, meanAchieved};
    }),
  );
  return Array.isArray(snr) ? results : results[0];
}

interface Step {
  snr: number;
  losses: AttackLoss[];
}

/** As an attack that has no radius: it brings the checks, the batches and the judgement. */
const stepAtSnr = defineMinimumAttack<FgsmAtSnrOptions & {snr: number}, Step>({
  name: CALLER,
  norms: ['linf'],
  options: ['snr', 'loss'],
  attacks: 'all',
  usesGradients: true,
  resolve: (caller, {snr, loss = 'crossEntropy'}, classifier) => ({
    snr,
    losses: resolveLosses(caller, loss, classifier),
  }),
  run: (search, {snr, losses}) => worstCase(search, losses, (part, loss) => step(part, loss, snr)),
});

async function step(search: Search, loss: AttackLoss, snr: number): Promise<Tensor> {
  const {gradient, health} = await inputGradient(search, search.x, loss);
  try {
    search.noteGradients(health, true);
    await search.task.step(search.size);
    return tidy(() => {
      const [x, direction] = [asRows(search.x), signs(asRows(gradient))];
      const length = maximum(sqrt(sum(abs(direction), 1)), 1);
      const epsilon = mul(div(dualNorm(x, 'l2'), length), 10 ** (-snr / 20));
      const moved = add(x, mul(direction, reshape(epsilon, [-1, 1]))) as Tensor2D;
      return reshape(clipByValue(moved, ...search.task.bounds), search.x.shape);
    });
  } finally {
    gradient.dispose();
  }
}
