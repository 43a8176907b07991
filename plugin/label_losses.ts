import type {ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {check, type LabelForm} from '../src/index.js';

type Losses = ModelCompileArgs['loss'];

export const DEFAULT_LOSS = 'categoricalCrossentropy';

/** The label losses that are computed from true logits, and how each wants its labels. */
const FORMS: Record<string, LabelForm> = {
  categoricalCrossentropy: 'oneHot',
  sparseCategoricalCrossentropy: 'indices',
};

/** The label loss of each output, a name or a function, of what `compile` was given: one for all, a list, a record. */
export function lossesByOutput(losses: Losses | undefined, outputNames: string[]): unknown[] {
  const loss = losses ?? DEFAULT_LOSS;
  const isOne = typeof loss === 'string' || typeof loss === 'function';
  return outputNames.map((name, i) => (isOne ? loss : Array.isArray(loss) ? loss[i] : loss[name]));
}

/** Whether a label loss is a cross-entropy of class labels. */
export function isCrossEntropy(loss: unknown): boolean {
  return typeof loss === 'string' && Object.hasOwn(FORMS, loss);
}

/** How a label loss wants its labels; undefined: as they come. */
export function labelFormOf(loss: unknown): LabelForm | undefined {
  return isCrossEntropy(loss) ? FORMS[loss as string] : undefined;
}

/** Refuses to save functions, which tfjs would store as an empty object without a word. */
export function checkSavable(losses: unknown[]): void {
  const byName = losses.every(loss => loss === undefined || typeof loss === 'string');
  const wanted = 'to be a name when includeOptimizer is true';
  check(byName, 'save', 'loss', wanted, 'a function', 'save without it and compile after loading');
}
