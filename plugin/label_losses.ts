import type {Tensor} from '@tensorflow/tfjs-core';
import {input, model, type LayersModel, type ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, type LabelForm} from '../src/index.js';
import {internalsOf, trainedModel, type ModelInternals} from './model_internals.js';

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
  const wanted = "to be a function or a name, as 'categoricalCrossentropy'";
  // Names that every object has would do for tfjs.
  const isName = typeof loss === 'string' && !(loss in Object.prototype);
  check(isName, caller, 'loss', wanted, loss);
  try {
    return compiled(loss).lossFunctions![0];
  } catch {
    throw new ArgumentError(caller, 'loss', wanted, loss);
  }
}

const SPARSE = 'sparseCategoricalCrossentropy';
const readsIndices = new WeakSet<object>();
const prepared = new WeakSet<LayersModel>();

/** What of LayersModel checks labels. */
interface LabelChecks {
  feedLossFns?: LabelLoss[];
  standardizeUserDataXY: (...args: unknown[]) => unknown;
}

/**
 * Lets a model take class indices as labels for this loss: tfjs knows the losses that do by their identity only. What
 * is prepared is the model and not its `compile`, among whose arguments the loss is made.
 */
export function acceptIndices(model: LayersModel, loss: LabelLoss): void {
  readsIndices.add(loss);
  prepare(trainedModel(model));
  if (prepared.has(model)) return;
  prepared.add(model);
  // A Sequential model makes a new one to train whenever it is compiled.
  const build = model.build.bind(model);
  model.build = shape => {
    build(shape);
    prepare(trainedModel(model));
  };
}

function prepare(model: LayersModel): void {
  if (prepared.has(model)) return;
  prepared.add(model);
  const internals = model as unknown as LabelChecks;
  const standardize = internals.standardizeUserDataXY.bind(model);
  const [byName] = compiled(SPARSE).lossFunctions!;
  internals.standardizeUserDataXY = (...args) => {
    internals.feedLossFns = internals.feedLossFns?.map(loss => (readsIndices.has(loss) ? byName : loss));
    return standardize(...args);
  };
}

/**
 * Lets `accuracy` and `crossentropy` read class indices where a model was compiled with such a loss, as they do with
 * tfjs's own of that kind.
 */
export function measureIndices(model: LayersModel): void {
  const {lossFunctions = [], metricsTensors = []} = internalsOf(trainedModel(model));
  for (const entry of metricsTensors) {
    if (readsIndices.has(lossFunctions[entry[1]])) entry[0] = ofIndices().get(entry[0]) ?? entry[0];
  }
}

let metricsOfIndices: Map<LabelLoss, LabelLoss> | undefined;

/** The metrics of class indices by those of one-hot labels. */
function ofIndices(): Map<LabelLoss, LabelLoss> {
  const metrics = ['accuracy', 'crossentropy'];
  const make = () => {
    const [oneHot, indices] = [DEFAULT_LOSS, SPARSE].map(loss => compiled(loss, metrics).metricsTensors);
    return new Map(oneHot.map(([metric], i) => [metric, indices[i][0]]));
  };
  return (metricsOfIndices ??= make());
}

/** What tfjs-layers makes of names, which it exports nowhere but through compile. */
function compiled(loss: string, metrics: string[] = []): ModelInternals {
  const inputs = input({shape: [2], name: 'large_margin_loss'});
  // Neither the model nor the optimizer holds a tensor.
  const probe = model({inputs, outputs: inputs, name: 'large_margin_loss'});
  const none = () => {};
  const optimizer = {minimize: none, computeGradients: none, applyGradients: none};
  probe.compile({optimizer, loss, metrics} as unknown as ModelCompileArgs);
  return internalsOf(probe);
}
