import {
  cast,
  exp,
  grad,
  mul,
  oneHot,
  sub,
  sum,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {fgsm, ifgsm} from '../../../src/index.js';
import type {Pictures} from './mnist.js';
import {picturesOf, type StoredRun} from './stored_runs.js';

type Logits = (x: Tensor) => Tensor2D;

/** How an attack that leaves nothing to chance agrees with a stored run, example by example. */
export interface Agreement {
  /** Examples of which one side says that they are broken and the other that they are not. */
  outcomes: number;
  /** |ours / theirs - 1| of the cross-entropy at the adversarial input, of examples with a slope. */
  apart: number[];
  /** Examples without: see `SLOPELESS`. */
  slopeless: number;
  /** Of those, how many have a cross-entropy below the stored one. */
  weaker: number;
  /** The largest difference between pixels of the adversarial inputs that are stored. */
  pixels: number;
}

/** In l2 Foolbox divides a shorter gradient by 1e-12, not by its length, and hardly moves. */
const SLOPELESS = 1e-12;

/** Attacks the pictures as the run did. */
export async function agreementWith(run: StoredRun, logits: Logits, pictures: Pictures): Promise<Agreement> {
  const {norm, epsilon, robust} = run;
  const {x, labels} = pictures;
  const attack = {fgsm, ifgsm}[run.attack as 'fgsm' | 'ifgsm'];
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
    outcomes: success.filter((isBroken, i) => isBroken !== (robust[i] === '0')).length,
    apart,
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
