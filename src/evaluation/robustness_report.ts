import {slice, type Tensor} from '@tensorflow/tfjs-core';
import {checkInside, checkTensors} from '../attacks/attack_options.js';
import type {Labels} from '../attacks/attack_types.js';
import {whileHeld} from '../attacks/in_turn.js';
import {readLogits} from '../attacks/logits.js';
import {readLabels} from '../scores/labels.js';
import type {Classifier} from '../types.js';
import {checksMade} from './checks_made.js';
import type {RobustnessReport} from './figure.js';
import {raiseFlags, withReasons} from './flags.js';
import {gatherEvidence} from './gather_evidence.js';
import {resolveReportOptions, type RobustnessReportOptions} from './report_options.js';

const CALLER = 'robustnessReport';

/**
 * Measures how much of a net's accuracy is left under attack, and says which of the figures should not be believed.
 *
 * Every attack is run at every epsilon by itself; the worst case takes for each example what is worst for it. Flags are
 * raised on gradients that are 0 or broken, random outputs, probabilities, and figures that contradict one another.
 *
 * @param classifier From x to logits; see `toClassifier`. Of probabilities the logarithm is taken, and a flag raised.
 * @param x [examples, ...], float32, inside the bounds.
 * @param labels True classes: one-hot [examples, classes] or indices [examples].
 * @param options `epsilons`, in units of x, and RobustnessReportOptions.
 * @returns Plain data: every figure with each example's outcome, and the flags; `reportTable` and `reportPlot` show it.
 * @throws ArgumentError for bad arguments; EvaluationStateError for a state that is damaged or of another evaluation.
 * @example
 * const report = await robustnessReport(toClassifier(model), x, labels, {epsilons: [0.05, 0.1]});
 * console.log(reportTable(report));
 */
export async function robustnessReport(
  classifier: Classifier,
  x: Tensor,
  labels: Labels,
  options: RobustnessReportOptions,
): Promise<RobustnessReport> {
  const resolved = resolveReportOptions(CALLER, options);
  const {norm, bounds, epsilons, batchSize, seed, signal, checks} = resolved;
  checkTensors(CALLER, classifier, x, labels);
  return whileHeld(x, labels, async ({x, labels}) => {
    await checkInside(CALLER, x, bounds);
    signal?.throwIfAborted();
    const classes = await countClasses(classifier, x);
    const indices = readLabels(CALLER, labels, x.shape[0], classes);
    const shared = {norm, bounds, batchSize, seed, signal};
    const subject = {caller: CALLER, classifier, x, labels: indices, classes, ...shared};
    const evidence = await gatherEvidence(resolved, subject);
    const flags = raiseFlags(evidence, checks);
    const judged = <F extends RobustnessReport['clean']>(list: F[]) =>
      list.map(figure => withReasons(figure, flags));
    return {
      ...{norm, bounds, epsilons, examples: x.shape[0], classes},
      clean: withReasons(evidence.clean, flags),
      attacks: judged(evidence.attacks),
      transfer: judged(evidence.transfer),
      noise: judged(evidence.noise),
      minimum: judged(evidence.minimum),
      worstCase: judged(evidence.worstCase),
      ...{checks: checksMade(evidence, checks), flags},
    };
  });
}

async function countClasses(classifier: Classifier, x: Tensor): Promise<number> {
  const first = slice(x, 0, 1);
  try {
    return (await readLogits(CALLER, classifier, first)).classes;
  } finally {
    first.dispose();
  }
}
