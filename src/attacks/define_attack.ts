import {concat, dispose, keep, slice, tensor1d, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import {readLabels} from '../scores/labels.js';
import type {Classifier} from '../types.js';
import {attackBatch, type Batch, type BatchResult, type Campaign} from './attack_batch.js';
import {
  checkInside,
  checkLossClasses,
  checkTensors,
  isTensor,
  resolveAttackOptions,
  type Takes,
} from './attack_options.js';
import type {
  Attack,
  AttackNorm,
  AttackResult,
  CommonAttackOptions,
  Labels,
  MinimumAttack,
  OneEpsilon,
  SeveralEpsilons,
} from './attack_types.js';
import {kindOfRows, readLogits} from './logits.js';
import {Marshal} from './marshal.js';
import type {Search} from './search.js';

/** What one attack adds to what all have in common. */
export interface AttackDefinition<Own, Resolved> {
  name: string;
  norms: AttackNorm[];
  /** Names of the options of its own. */
  options: Array<keyof Own & string>;
  /** Checks them and fills in defaults. */
  resolve(caller: string, options: Own, classifier: Classifier): Resolved;
  /**
   * 'all': every example is attacked at every radius, as papers do it. 'standing': only those whose class is not wrong
   * yet, at the input or at a smaller radius, so that success never falls with epsilon.
   */
  attacks: 'all' | 'standing';
  usesGradients: boolean;
  /** Whether labels may be targets. Default true. */
  canTarget?: boolean;
  /**
   * Seeks adversarial inputs for all examples of a search, [size, ...]. They may lie anywhere: they are clipped and
   * judged afterwards. `search.task.epsilon` is the radius, Infinity where the smallest perturbation is sought.
   */
  run(search: Search, options: Resolved): Promise<Tensor>;
}

/** Makes an attack that is asked for a radius. */
export function defineAttack<Own extends CommonAttackOptions, Resolved>(
  definition: AttackDefinition<Own, Resolved>,
): Attack<Own> {
  return outerCall(definition, false) as Attack<Own>;
}

/** Makes an attack that seeks the smallest perturbation: one run serves all radii. */
export function defineMinimumAttack<Own extends CommonAttackOptions, Resolved>(
  definition: AttackDefinition<Own, Resolved>,
): MinimumAttack<Own> {
  return outerCall(definition, true) as MinimumAttack<Own>;
}

type AnyOptions = CommonAttackOptions & Partial<OneEpsilon | SeveralEpsilons>;

/** Everything around a run: checks, batches, radii, the clipping to the promised ball, the judgement. */
function outerCall<Own extends CommonAttackOptions, Resolved>(
  definition: AttackDefinition<Own, Resolved>,
  minimum: boolean,
) {
  const {name: caller, norms, options: own, canTarget = true, usesGradients} = definition;
  const takes: Takes = {norms, own, targeted: canTarget, minimum};
  const attack = async (
    classifier: Classifier,
    x: Tensor,
    labels: Labels,
    options = {} as Own & AnyOptions,
  ) => {
    const common = resolveAttackOptions(caller, options, takes);
    checkTensors(caller, classifier, x, labels);
    const resolved = definition.resolve(caller, options, classifier);
    const run = (search: Search) => definition.run(search, resolved);
    const checkClasses = (classes: number) => checkLossClasses(caller, options as {loss?: unknown}, classes);
    const marshal = new Marshal(caller, x.shape[0], common);
    const {attacks} = definition;
    const campaign = {...common, caller, classifier, run, marshal, minimum, attacks, checkClasses};
    // Before anything is waited for: the caller may dispose of tensors, or write to arrays, as soon as he has the promise.
    const inputs = keep(x.clone());
    const classes = keep(isTensor(labels) ? labels.clone() : tensor1d(Array.from(labels)));
    const batches: BatchResult[][] = [];
    try {
      marshal.checkAborted();
      await checkInside(caller, inputs, common.bounds);
      for await (const batch of batchesOf(campaign, inputs, classes))
        batches.push(await attackBatch(campaign, batch));
      const radii = common.epsilons ?? [undefined];
      const results = radii.map((epsilon, k) => joined(batches, k, epsilon, usesGradients));
      return options.epsilons === undefined ? results[0] : results;
    } finally {
      dispose([inputs, classes]);
      dispose(batches.flat().map(({adversarial}) => adversarial));
    }
  };
  return Object.assign(attack, {takesSeed: (own as string[]).includes('seed')});
}

/** Cuts the examples into batches and looks at each as it is; a batch's inputs live until the next one is asked for. */
async function* batchesOf(
  {caller, classifier, batchSize, marshal, checkClasses}: Campaign & {checkClasses(classes: number): void},
  inputs: Tensor,
  labels: Tensor,
): AsyncGenerator<Batch> {
  const size = inputs.shape[0];
  let indices: Int32Array | undefined;
  let areLogits = false;
  for (let start = 0; start < size; start += batchSize) {
    marshal.checkAborted();
    const count = Math.min(batchSize, size - start);
    const x = keep(slice(inputs, start, count));
    try {
      const {logits, classes} = await readLogits(caller, classifier, x);
      const kind = kindOfRows(logits, classes);
      if (!areLogits && kind === 'probabilities')
        await checkRest(caller, classifier, inputs, start + count, batchSize);
      areLogits ||= kind !== 'unknown';
      if (indices === undefined) checkClasses(classes);
      indices ??= readLabels(caller, labels, size, classes);
      const examples = Array.from({length: count}, (_, i) => start + i);
      yield {x, logits, classes, examples, labels: indices.subarray(start, start + count)};
    } finally {
      x.dispose();
    }
  }
}

/** Refuses probabilities: a batch whose rows all look like them is one of logits only where a later row does not. */
async function checkRest(
  caller: string,
  classifier: Classifier,
  inputs: Tensor,
  from: number,
  batchSize: number,
): Promise<void> {
  const size = inputs.shape[0];
  for (let start = from; start < size; start += batchSize) {
    const x = slice(inputs, start, Math.min(batchSize, size - start));
    try {
      const {logits, classes} = await readLogits(caller, classifier, x);
      if (kindOfRows(logits, classes) === 'logits') return;
    } finally {
      x.dispose();
    }
  }
  const wayOut = 'make the classifier with toClassifier(model), which finds the logits before a softmax';
  check(false, caller, 'classifier', 'to return logits', 'probabilities', wayOut);
}

/** The batches of one radius as one result. */
function joined(
  batches: BatchResult[][],
  k: number,
  epsilon: number | undefined,
  usesGradients: boolean,
): AttackResult {
  const parts = batches.map(results => results[k]);
  const outcomes = parts.flatMap(part => part.outcomes);
  return {
    epsilon,
    adversarial: concat(parts.map(({adversarial}) => adversarial)),
    success: outcomes.map(({success}) => success),
    distance: Float64Array.from(outcomes, ({distance}) => distance),
    broken: outcomes.map(({broken}) => broken),
    ...(usesGradients && {gradients: parts.flatMap(part => part.gradients)}),
  };
}
