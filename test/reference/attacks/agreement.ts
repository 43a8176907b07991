import {cast, exp, grad, mul, oneHot, sub, sum, tidy, type Tensor} from '@tensorflow/tfjs-core';
import {fgsm, ifgsm} from '../../../src/index.js';
import type {Pictures} from './mnist.js';
import type {Logits, NetName} from './nets.js';
import {picturesOf, runsOf, type StoredNorm} from './stored_runs.js';

/** How an attack that leaves nothing to chance agrees with a stored run, example by example. */
export interface Agreement {
  /** Examples of which one side says that they are broken and the other that they are not. */
  outcomes: number;
  /** The largest |ours / theirs - 1| of the cross-entropy at the adversarial input, of examples with a slope. */
  apart: number;
  /** How many of these are above 1e-4. */
  off: number;
  /** Examples without: see `SLOPELESS`. */
  slopeless: number;
  /** Of those, how many have a cross-entropy below the stored one. */
  weaker: number;
  /** The largest difference between pixels of the adversarial inputs that are stored. */
  pixels: number;
}

/** In l2 Foolbox divides a shorter gradient by 1e-12, not by its length, and hardly moves. */
const SLOPELESS = 1e-12;

/** Attacks the pictures as the run in float64 did. */
export async function agreementOf(
  name: 'fgsm' | 'ifgsm',
  at: {net: NetName; norm: StoredNorm; epsilon: number},
  logits: Logits,
  pictures: Pictures,
): Promise<Agreement> {
  const {norm, epsilon} = at;
  const run = runsOf(name, at.net, norm, epsilon).find(({settings}) => settings.dtype === 'float64')!;
  const {x, labels} = pictures;
  const attack = {fgsm, ifgsm}[name];
  const digits = labels.dataSync() as Int32Array;
  const {adversarial, success} = await attack(logits, x, digits, {norm, epsilon, batchSize: 250});
  const values = crossEntropies(logits, adversarial, digits);
  const isSlopeless = values.map(() => false);
  if (norm === 'l2') slopes(logits, pictures).forEach((length, i) => (isSlopeless[i] = length < SLOPELESS));
  const ratios = values.map((value, i) => value / run.crossEntropy![i]);
  const apart = ratios.filter((_, i) => !isSlopeless[i]).map(ratio => Math.abs(ratio - 1));
  const ours = adversarial.dataSync();
  const pixels = picturesOf(run).flatMap((picture, i) =>
    Array.from(picture, (value, k) => Math.abs(value - ours[i * picture.length + k])),
  );
  adversarial.dispose();
  return {
    outcomes: success.filter((isBroken, i) => isBroken !== (run.robust[i] === '0')).length,
    apart: Math.max(...apart),
    off: apart.filter(value => value > 1e-4).length,
    slopeless: isSlopeless.filter(Boolean).length,
    weaker: ratios.filter((ratio, i) => isSlopeless[i] && ratio < 1).length,
    pixels: Math.max(0, ...pixels),
  };
}

/** log(1 + sum over i != y of exp(z_i - z_y)) in float64: small ones keep their digits. */
function crossEntropies(logits: Logits, x: Tensor, labels: Int32Array): number[] {
  const rows = tidy(() => logits(x).arraySync());
  return rows.map((row, i) => {
    const terms = row.map((z, k) => (k === labels[i] ? 0 : Math.exp(z - row[labels[i]])));
    return Math.log1p(terms.reduce((a, b) => a + b));
  });
}

/** Lengths of the gradients of the sum in it, which is the cross-entropy itself where that is small. */
function slopes(logits: Logits, {x, labels}: Pictures): number[] {
  const gradient = tidy(() => {
    const own = cast(oneHot(labels, 10), 'float32');
    const others = sub(1, own);
    return grad((at: Tensor) => {
      const z = logits(at);
      return sum(mul(exp(sub(z, sum(mul(z, own), 1, true))), others));
    })(x).arraySync();
  }) as number[][][][];
  // In float64: squares of 1e-23 are no numbers of float32.
  return gradient.map(rows => Math.hypot(...rows.flat(2)));
}
