import {add, dispose, log, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  crossEntropy,
  isTapeLive,
  leadsTo,
  liveTape,
  oneHotLabels,
  readLabels,
  stepSeed,
  warnOfMasking,
} from '../src/index.js';
import {exampleLosses} from './example_losses.js';
import {
  checkSmoothing,
  DEFAULT_LOSS,
  isCrossEntropy,
  labelFormOf,
  labelLossFunction,
  type LabelLoss,
} from './label_losses.js';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from './margin_plan.js';
import {markUsed, notedAt, siteSettings} from './margin_sites.js';
import {noteLogits} from './softmax_tap.js';
import type {LayerCall} from './topology.js';

const CALLER = 'marginLoss';

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
 * validation data, tfjs has no tape live: the label loss alone is reported there, without crossEntropyWeight. Like every
 * loss that is a function it is not saved: compile again after loading.
 *
 * @param model The model that will be compiled; it has marginRegularizer layers on the way to its output.
 * @param options Those of LargeMarginModel but `layers`, and `loss`. What a marked activation sets itself comes first.
 * @returns A function of labels (one-hot [batch, classes] or indices [batch]) and outputs [batch, classes] that gives [batch].
 * @throws ArgumentError naming the option that is wrong, or that the model has no mark.
 * @example
 * model.compile({optimizer: 'adam', loss: marginLoss(model, {gamma: 1}), metrics: ['accuracy']});
 */
export function marginLoss(model: LayersModel, options: MarginLossOptions = {}): MarginLossFunction {
  const {loss = DEFAULT_LOSS, ...margin} = options;
  const wayOut = 'mark them by marginRegularizer layers, or wrap the model in a LargeMarginModel';
  check(!('layers' in margin), CALLER, 'layers', 'to be left out', margin['layers' as never], wayOut);
  const plan = planMargin(CALLER, model, margin);
  const isMarked = plan.layers.every(({name}) => isMarkedAt(plan, name));
  check(isMarked, CALLER, 'model', 'to have marginRegularizer layers', model.name, wayOut);
  warnOfMasking(CALLER, options, plan.options);
  checkSmoothing(CALLER, plan.options.labelSmoothing, loss);
  const compute = labelLossFunction(CALLER, loss);
  markUsed(plan.sources.map(({layer}) => layer));
  const logitsOf = plan.softmax ? logitsBehind(plan.softmax.layer) : (outputs: Tensor) => outputs;
  const stream = {seed: margin.seed ?? Math.floor(Math.random() * 2 ** 31), steps: 0};
  const measure = (labels: Tensor, outputs: Tensor) => {
    if (!isTapeLive()) return labelLossAlone(plan, labels, outputs, loss, compute);
    const logits = logitsOf(outputs) as Tensor2D;
    try {
      const activations = Object.fromEntries(
        plan.layers.map(({name}) => [name, markedAt(plan, name, logits)]),
      );
      const changes = {seed: stepSeed(stream.seed, stream.steps), step: stream.steps};
      const now = {...plan, options: {...plan.options, ...changes}};
      const {losses} = exampleLosses(CALLER, now, {labels, outputs, logits, activations}, loss, compute);
      stream.steps++;
      return losses;
    } finally {
      if (logits !== outputs) dispose(logits);
    }
  };
  return Object.assign(measure, {stream});
}

function isMarkedAt(plan: MarginPlan, name: string): boolean {
  const tap = plan.taps.get(name)!;
  return 'call' in tap && siteSettings(tap.call.layer) !== undefined;
}

/** What a marginRegularizer layer marked in the forward pass that gave these logits. */
function markedAt(plan: MarginPlan, name: string, logits: Tensor): Tensor {
  const tap = plan.taps.get(name)!;
  if (!('call' in tap)) throw new TypeError(`${name} is no layer`);
  const all = notedAt(tap.call.layer);
  const notes = all.length > tap.of ? all.filter(note => leadsTo(note, logits)) : all;
  const wanted = 'to be run once for each loss, on the tape where its loss is computed';
  check(notes.length === tap.of, CALLER, 'model', wanted, `${notes.length} uses of ${name}`);
  return notes[Math.max(tap.index, 0)];
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
    // A probability that underflowed has a finite loss, a NaN stays one.
    const logits = plan.softmax ? log(add(outputs, 1e-38)) : outputs;
    const oneHot = oneHotLabels(indices, plan.classes);
    return crossEntropy(oneHot, logits as Tensor2D, plan.options.labelSmoothing);
  });
}

type FindLogits = (outputs: Tensor) => Tensor;
const finders = new WeakMap<object, FindLogits>();

/**
 * From now on has a layer with a softmax note what the softmax is given on a live tape, for tfjs lets go of it before a loss
 * is computed. What no loss asks for is let go of when the step is over, or at the next one.
 */
function logitsBehind(layer: LayerCall['layer']): FindLogits {
  const known = finders.get(layer);
  if (known) return known;
  let noted: Array<{tape: object; logits: Tensor}> = [];
  const keepOnly = (isWanted: (tape: object) => boolean) => {
    dispose(noted.filter(({tape}) => !isWanted(tape)).map(({logits}) => logits));
    noted = noted.filter(({tape}) => isWanted(tape));
  };
  noteLogits(layer, logits => {
    const now = liveTape();
    keepOnly(tape => tape === now);
    noted.push({tape: now, logits});
    queueMicrotask(() => keepOnly(() => false));
  });
  const find = (outputs: Tensor) => {
    const here = noted.filter(({tape}) => tape === liveTape());
    const found = here.length > 1 ? here.filter(({logits}) => leadsTo(logits, outputs)) : here;
    const wanted = 'to be run once for each loss, on the tape where its loss is computed';
    check(found.length === 1, CALLER, 'model', wanted, `${found.length} runs of ${layer.name}`);
    noted = noted.filter(note => note !== found[0]);
    return found[0].logits;
  };
  finders.set(layer, find);
  return find;
}
