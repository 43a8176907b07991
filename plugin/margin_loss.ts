import {add, log, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {LayersModel, type layers} from '@tensorflow/tfjs-layers';
import {
  abandonTapeSoon,
  check,
  crossEntropy,
  isTapeLive,
  leadsTo,
  oneHotLabels,
  readLabels,
  stepSeed,
  warnOfMasking,
} from '../src/index.js';
import {exampleLosses} from './example_losses.js';
import {
  acceptIndices,
  checkSmoothing,
  DEFAULT_LOSS,
  isCrossEntropy,
  labelFormOf,
  labelLossFunction,
  measureIndices,
  type LabelLoss,
} from './label_losses.js';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from './margin_plan.js';
import {markUsed, noteAt, notedAt, siteSettings} from './margin_sites.js';
import {noteLogits} from './softmax_tap.js';

const CALLER = 'marginLoss';

type Layer = layers.Layer;

/** Options of a margin whose layers are marked in the model. */
export interface MarginLossOptions extends Omit<LargeMarginModelOptions, 'layers'> {
  /** The label loss, as in `compile`: a name or a function. Default 'categoricalCrossentropy'. */
  loss?: string | LabelLoss;
}

/** A loss as `compile` takes it. */
export interface MarginLossFunction {
  (labels: Tensor, outputs: Tensor): Tensor;
  /** Seed and number of training steps so far: they decide random rivals and what changes with the step. */
  readonly stream: {seed: number; steps: number};
}

/**
 * Makes a loss for `compile` that adds a margin to a label loss, at the activations that `marginRegularizer` layers
 * mark in the model.
 *
 *     crossEntropyWeight x label loss + marginWeight x margin
 *
 * The model stays a plain tf.LayersModel: labels come in `y`, class weights weigh both terms. In `evaluate`, and for
 * validation data, tfjs has no tape live: the label loss alone is reported there, without crossEntropyWeight, which is
 * for the label loss of this output only. Like every loss that is a function it is not saved: compile again after
 * loading. It sees labels after the forward pass: those that it refuses have moved batch norm's averages.
 *
 * @param model The model that will be compiled; it has marginRegularizer layers on the way to its output.
 * @param options Those of LargeMarginModel but `layers`, and `loss`. What a marked activation sets itself comes first.
 * @returns A function of labels (one-hot [batch, classes] or indices [batch]) and outputs [batch, classes] that gives [batch].
 * @throws ArgumentError naming the option that is wrong, or that the model has no mark; in training for labels that are
 *     no classes, and for outputs that the model did not compute as a whole on the live tape.
 * @example
 * model.compile({optimizer: 'adam', loss: marginLoss(model, {gamma: 1}), metrics: ['accuracy']});
 */
export function marginLoss(model: LayersModel, options: MarginLossOptions = {}): MarginLossFunction {
  checkModel(model);
  const isObject = options !== null && typeof options === 'object';
  check(isObject, CALLER, 'options', 'to be an object', options);
  const {loss = DEFAULT_LOSS, ...margin} = options;
  const {layers: chosen, ...rest} = margin as LargeMarginModelOptions;
  check(chosen === undefined, CALLER, 'layers', 'to be left out', chosen, WAY_OUT);
  const plan = planMargin(CALLER, model, rest);
  const isMarked = plan.layers.every(({name}) => isMarkedAt(plan, name));
  check(isMarked, CALLER, 'model', 'to have marginRegularizer layers before its output', model.name, WAY_OUT);
  warnOfMasking(CALLER, options, plan.options);
  checkSmoothing(CALLER, plan.options.labelSmoothing, loss);
  const compute = labelLossFunction(CALLER, loss);
  markUsed(plan.sources.map(({layer}) => layer));
  if (plan.softmax) noteLogitsOf(plan.softmax.layer);
  const stream = {seed: margin.seed ?? Math.floor(Math.random() * 2 ** 31), steps: 0};
  const withMargin = (labels: Tensor, outputs: Tensor) => {
    const logits = logitsOf(plan, outputs);
    const activations = Object.fromEntries(plan.layers.map(({name}) => [name, markedAt(plan, name, logits)]));
    const changes = {seed: stepSeed(stream.seed, stream.steps), step: stream.steps};
    const now = {...plan, options: {...plan.options, ...changes}};
    const {losses} = exampleLosses(CALLER, now, {labels, outputs, logits, activations}, loss, compute);
    stream.steps++;
    return losses;
  };
  const readsIndices = labelFormOf(loss) === 'indices';
  const measure = (labels: Tensor, outputs: Tensor) => {
    // tfjs looks at the metrics after the loss.
    if (readsIndices) measureIndices(model);
    if (!isTapeLive()) return labelLossAlone(plan, labels, outputs, loss, compute);
    try {
      return withMargin(labels, outputs);
    } catch (error) {
      abandonTapeSoon();
      throw error;
    }
  };
  if (readsIndices) acceptIndices(model, measure);
  return Object.assign(measure, {stream});
}

const WAY_OUT = 'mark them by marginRegularizer layers, or wrap the model in a LargeMarginModel';

/** Told before any option: without marks the options are those of other layers. */
function checkModel(model: LayersModel): void {
  const isModel = model instanceof LayersModel && model.outputs?.length > 0;
  check(isModel, CALLER, 'model', 'to be a tf.LayersModel with a known input shape', String(model));
  const isOwn = model.getClassName() === 'LargeMarginModel';
  check(!isOwn, CALLER, 'model', 'to be a plain tf.LayersModel', 'a LargeMarginModel', 'it has its margin');
  const hasMark = (layer: Layer): boolean =>
    siteSettings(layer) !== undefined || (layer instanceof LayersModel && layer.layers.some(hasMark));
  check(hasMark(model), CALLER, 'model', 'to have marginRegularizer layers', model.name, WAY_OUT);
}

function isMarkedAt(plan: MarginPlan, name: string): boolean {
  const tap = plan.taps.get(name)!;
  return 'call' in tap && siteSettings(tap.call.layer) !== undefined;
}

/** What the softmax was given in the forward pass that gave these outputs. */
function logitsOf({softmax}: MarginPlan, outputs: Tensor): Tensor2D {
  if (!softmax) return outputs as Tensor2D;
  const [logits] = latest(softmax.layer, notedAt(softmax.layer), outputs, 1);
  return logits as Tensor2D;
}

/** What a marginRegularizer layer marked in the forward pass that gave these logits. */
function markedAt(plan: MarginPlan, name: string, logits: Tensor): Tensor {
  const tap = plan.taps.get(name)!;
  if (!('call' in tap)) throw new TypeError(`${name} is no layer`);
  const {layer} = tap.call;
  return latest(layer, notedAt(layer), logits, tap.of)[Math.max(tap.index, 0)];
}

/**
 * Of what a layer noted the last that lead to y: where a model runs twice on one tape, the first run may lead to the
 * second, as when that is fed what an attack has found.
 */
function latest(layer: Layer, notes: Tensor[], y: Tensor, count: number): Tensor[] {
  const found = notes.filter(note => leadsTo(note, y)).slice(-count);
  const isWhole = found.length === count && found.every(({shape}) => shape[0] === y.shape[0]);
  const wanted = 'to be run as a whole, by model.apply, on the tape where its loss is computed';
  check(isWhole, CALLER, 'model', wanted, `${notes.length} uses of ${layer.name}`);
  return found;
}

/** The label loss of predictions, where nothing is differentiated. */
function labelLossAlone(
  plan: MarginPlan,
  labels: Tensor,
  outputs: Tensor,
  loss: unknown,
  compute: LabelLoss,
): Tensor {
  if (!isCrossEntropy(loss)) return compute(labels, outputs);
  const indices = readLabels(CALLER, labels, outputs.shape[0], plan.classes, labelFormOf(loss));
  return tidy(() => {
    // A probability that underflowed has a finite loss, by the smallest number that no engine takes for 0.
    const logits = plan.softmax ? log(add(outputs, 1.2e-38)) : outputs;
    const oneHot = oneHotLabels(indices, plan.classes);
    return crossEntropy(oneHot, logits as Tensor2D, plan.options.labelSmoothing);
  });
}

const watched = new WeakSet<Layer>();

/** From now on has a layer note what its softmax is given: tfjs lets go of it before a loss is computed. */
function noteLogitsOf(layer: Layer): void {
  if (watched.has(layer)) return;
  watched.add(layer);
  noteLogits(layer, logits => noteAt(layer, logits));
}
