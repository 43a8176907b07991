import {dispose, keep, type Tensor} from '@tensorflow/tfjs-core';
import type {Classifier} from '../types.js';
import type {ResolvedAttackOptions} from './attack_options.js';
import type {GradientHealth} from './attack_types.js';
import {clipAndJudge, judgeInputs, type Outcome} from './judge.js';
import type {Marshal} from './marshal.js';
import {replaceRows} from './rows.js';
import {Search} from './search.js';

/** A call of an attack: what is the same for all its batches. */
export interface Campaign extends ResolvedAttackOptions {
  caller: string;
  classifier: Classifier;
  marshal: Marshal;
  /** One run serves all radii. */
  minimum: boolean;
  attacks: 'all' | 'standing';
  run(search: Search): Promise<Tensor>;
}

export interface Batch {
  /** [size, ...]. */
  x: Tensor;
  /** At x, [size x classes]. */
  logits: Float32Array;
  classes: number;
  labels: Int32Array;
  /** Places among all examples. */
  examples: number[];
}

/** What was found at one radius; the tensor belongs to the caller. */
export interface BatchResult {
  adversarial: Tensor;
  outcomes: Outcome[];
  gradients: GradientHealth[];
}

/** Attacks a batch at all radii, the smallest first, and gives a result for each, in the order of the radii. */
export async function attackBatch(campaign: Campaign, batch: Batch): Promise<BatchResult[]> {
  const radii = campaign.epsilons ?? [Infinity];
  const ascending = radii.map((_, k) => k).sort((a, b) => radii[a] - radii[b]);
  const values = (await batch.x.data()) as Float32Array;
  const results: BatchResult[] = [];
  let found: Found | undefined;
  let last: BatchResult | undefined;
  try {
    for (const k of ascending) {
      campaign.marshal.begin();
      const earlier = campaign.attacks === 'standing' ? last : undefined;
      const noted: Noted = [];
      const search = searchOf(campaign, batch, campaign.minimum ? Infinity : radii[k], noted);
      const before = earlier ?? {adversarial: batch.x, outcomes: judgeInputs(search, batch.logits)};
      const isOpen = ({success, broken}: Outcome) => campaign.attacks === 'all' || !(success || broken);
      const open = [...batch.examples.keys()].filter(i => isOpen(before.outcomes[i]));
      if (!campaign.minimum || found === undefined) {
        found?.adversarial.dispose();
        found = undefined;
        found = {adversarial: await runOn(search, open, campaign.run), noted};
      }
      const judged = await clipAndJudge(search, found.adversarial, open, before, values, radii[k]);
      // An example that is attacked no more keeps what was noted of it.
      const gradients = batch.examples.map((_, i) => found?.noted[i] ?? earlier?.gradients[i] ?? 'sound');
      last = {...judged, gradients};
      results[k] = last;
      campaign.marshal.end(search.size);
    }
    return results;
  } catch (error) {
    dispose(results.filter(Boolean).map(({adversarial}) => adversarial));
    throw error;
  } finally {
    found?.adversarial.dispose();
  }
}

/** What was noted of the gradients of each example that was attacked. */
type Noted = Array<GradientHealth | undefined>;

interface Found {
  adversarial: Tensor;
  noted: Noted;
}

function searchOf(
  {caller, classifier, norm, bounds, targeted, marshal}: Campaign,
  {x, labels, examples, classes}: Batch,
  epsilon: number,
  noted: Noted,
): Search {
  const noteGradient = (example: number, health: GradientHealth) => {
    const i = example - examples[0];
    noted[i] = ofBoth(noted[i], health);
  };
  const step = (active: number) => marshal.step(epsilon, active);
  const task = {caller, classifier, classes, norm, bounds, targeted, epsilon, noteGradient, step};
  return new Search(task, x, labels, examples);
}

/** Of several starts one that broke is what counts, or else one from which there was a way. */
function ofBoth(before: GradientHealth | undefined, now: GradientHealth): GradientHealth {
  if (before === undefined || before === 'zero') return now;
  return before === 'sound' && now !== 'zero' ? now : before;
}

/** Lets an attack loose on the examples at these places; the others stay where they are. */
async function runOn(search: Search, open: number[], run: Campaign['run']): Promise<Tensor> {
  if (open.length === 0) return keep(search.x.clone());
  if (open.length === search.size) return keep(await run(search));
  const part = search.among(open);
  try {
    return replaceRows(search.x, open, await run(part));
  } finally {
    part.dispose();
  }
}
