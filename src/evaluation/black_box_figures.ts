import {distanceBetween} from '../attacks/exact_clip.js';
import {gaussianNoise} from '../attacks/gaussian_noise.js';
import {areProbabilities} from '../attacks/logits.js';
import {momentumIfgsm} from '../attacks/momentum_ifgsm.js';
import {transfer} from '../attacks/transfer.js';
import type {Classifier} from '../types.js';
import {readAllLogits} from './all_logits.js';
import {asLogits} from './as_logits.js';
import {packOutcomes, type StoredOutcomes} from './stored_outcomes.js';
import type {Subject} from './subject.js';

/** What inputs made on another net, by momentum I-FGSM, do to this one. */
export async function transferred(
  subject: Subject,
  source: Classifier,
  epsilon: number,
): Promise<StoredOutcomes> {
  const {classifier, x, labels, norm, bounds, batchSize, signal, onProgress} = subject;
  const outputs = await readAllLogits(subject, source);
  const from = areProbabilities(outputs.logits, outputs.classes) ? asLogits(source) : source;
  const call = {norm, bounds, batchSize, signal, onProgress};
  const {
    adversarial,
    gradients: _,
    ...result
  } = await transfer(from, classifier, x, labels, {
    ...{attack: momentumIfgsm, epsilon},
    ...call,
  });
  adversarial.dispose();
  return packOutcomes(result, false);
}

/** What one draw of Gaussian noise does to each example, and how far it is from it in the norm of the report. */
export async function disturbed(subject: Subject, sigma: number): Promise<StoredOutcomes> {
  const {classifier, x, labels, norm, bounds, batchSize, seed, signal, onProgress} = subject;
  const call = {bounds, batchSize, signal, onProgress};
  const {adversarial, ...result} = await gaussianNoise(classifier, x, labels, {sigmas: sigma, seed, ...call});
  try {
    const [from, to] = [await x.data(), await adversarial.data()] as Float32Array[];
    const size = from.length / labels.length;
    const distance = Float64Array.from(labels, (_, i) => {
      const [a, b] = [from, to].map(values => values.subarray(i * size, (i + 1) * size));
      return distanceBetween(a, b, norm);
    });
    return packOutcomes({...result, distance}, true);
  } finally {
    adversarial.dispose();
  }
}
