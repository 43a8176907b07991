import type {Tensor} from '@tensorflow/tfjs-core';
import {input, model, type ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, type LabelForm} from '../src/index.js';

type Losses = ModelCompileArgs['loss'];

/** A loss or metric of tfjs-layers: labels and outputs in, one value for each example (or one in all) out. */
export type LabelLoss = (labels: Tensor, outputs: Tensor) => Tensor;

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

/** Refuses label smoothing where the label loss is none that can be smoothed here. */
export function checkSmoothing(caller: string, labelSmoothing: number, loss: unknown): void {
  const ok = labelSmoothing === 0 || isCrossEntropy(loss);
  const wayOut = `smooth within your own loss, or choose ${Object.keys(FORMS).join(' or ')}`;
  check(
    ok,
    caller,
    'labelSmoothing',
    'to be 0 for a label loss that is no cross-entropy',
    labelSmoothing,
    wayOut,
  );
}

/**
 * The function behind a label loss, which tfjs-layers knows by name.
 *
 * @throws ArgumentError for a name that it does not know.
 */
export function labelLossFunction(caller: string, loss: unknown): LabelLoss {
  if (typeof loss === 'function') return loss as LabelLoss;
  // tfjs-layers exports its losses nowhere but through compile; neither model nor optimizer holds a tensor.
  const inputs = input({shape: [1], name: 'large_margin_loss'});
  const probe = model({inputs, outputs: inputs, name: 'large_margin_loss'});
  const none = () => {};
  const optimizer = {minimize: none, computeGradients: none, applyGradients: none};
  try {
    probe.compile({optimizer, loss} as unknown as ModelCompileArgs);
  } catch {
    throw new ArgumentError(caller, 'loss', "to be a function or a name, as 'categoricalCrossentropy'", loss);
  }
  return (probe as unknown as {lossFunctions: LabelLoss[]}).lossFunctions[0];
}
