import * as tf from '@tensorflow/tfjs';
import {apgd, ifgsm, toClassifier, type AttackResult} from 'tfjs-large-margin';

export interface AttackOutcome {
  epsilon: number;
  /** Share of examples that I-FGSM along both losses leaves right. */
  accuracy: number;
  underCrossEntropy: number;
  underLogitMargin: number;
  /** Share of examples that no attack leaves wrong, APGD among them; undefined where it was not asked for. */
  worstCase?: number;
  /** The attacked pictures (I-FGSM along the logit margin), [size, 28, 28, 1]. */
  pictures: tf.Tensor;
}

/**
 * Attacks a net by white-box I-FGSM, 10 steps of epsilon / 10, as the paper does: along the cross-entropy, which
 * flatters a net with large logits, and along the logit margin. With `strongly` also by APGD (50 steps, cross-entropy and
 * DLR), which the paper's defence has to stand as well.
 */
export async function attack(
  net: tf.LayersModel,
  x: tf.Tensor,
  labels: tf.Tensor,
  epsilon: number,
  strongly = false,
): Promise<AttackOutcome> {
  const classifier = toClassifier(net);
  const byCrossEntropy = await ifgsm(classifier, x, labels, {epsilon, loss: 'crossEntropy'});
  const byLogitMargin = await ifgsm(classifier, x, labels, {epsilon, loss: 'logitMargin'});
  const byApgd = strongly
    ? await apgd(classifier, x, labels, {epsilon, steps: 50, loss: ['crossEntropy', 'dlr']})
    : undefined;
  tf.dispose([byCrossEntropy.adversarial, byApgd?.adversarial ?? []]);
  const [ce, margin] = [standing(byCrossEntropy), standing(byLogitMargin)];
  const both = ce.map((stands, i) => stands && margin[i]);
  const strong = byApgd && standing(byApgd);
  return {
    epsilon,
    accuracy: share(both),
    underCrossEntropy: share(ce),
    underLogitMargin: share(margin),
    ...(strong && {worstCase: share(both.map((stands, i) => stands && strong[i]))}),
    pictures: byLogitMargin.adversarial,
  };
}

/** Which examples are still right; one with NaN among its logits is not. */
function standing({success, broken}: AttackResult): boolean[] {
  return success.map((isWrong, i) => !isWrong && !broken[i]);
}

function share(flags: boolean[]): number {
  return flags.filter(Boolean).length / flags.length;
}
