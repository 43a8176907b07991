import {dispose, mul, reshape, type Scalar, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  composeLoss,
  oneHotLabels,
  readLabels,
  tapeHasMargin,
  valueAt,
  warnOfMasking,
  withoutTape,
} from '../src/index.js';
import {exampleLosses} from './example_losses.js';
import {checkSmoothing, lossesByOutput, type LabelLoss} from './label_losses.js';
import {activationsAt, findInputs, matchCalls, watchLayers, type LayerNotes} from './layer_notes.js';
import {warnOfMixing} from './leak_check.js';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from './margin_plan.js';
import {markUsed} from './margin_sites.js';
import {internalsOf, trainedModel} from './model_internals.js';
import {noteLogits} from './softmax_tap.js';
import {keepTerms, type StepTerms} from './step_terms.js';

/** What decides about a step beside the options. */
export interface StepChanges {
  seed: number;
  step: number;
}

/**
 * A model that somebody else runs, and whose margin is measured while they do: its margin layers are watched, and the
 * losses that it was compiled with include the margin. Outside `run` the model is as it was.
 */
export class AttachedModel {
  private readonly caller: string;
  private readonly model: LayersModel;
  private readonly plan: MarginPlan;

  /** @throws ArgumentError as LargeMarginModel does. */
  constructor(caller: string, model: LayersModel, options: LargeMarginModelOptions) {
    const isOwn = model.getClassName() === 'LargeMarginModel';
    const wayOut = 'a LargeMarginModel has its own margin: leave model, gamma and layers out';
    check(!isOwn, caller, 'model', 'to be a plain tf.LayersModel', model.name, wayOut);
    this.caller = caller;
    this.model = model;
    this.plan = planMargin(caller, model, options);
    warnOfMasking(caller, options, this.plan.options);
    markUsed(this.plan.sources.map(({layer}) => layer));
  }

  /** Ends training after this batch, where tfjs's `fit` runs. */
  stopTraining(): void {
    trainedModel(this.model).stopTraining = true;
  }

  /**
   * Runs f, in which the model is run once, on the live tape.
   *
   * @param observed Asked after f: labels that f has shown, and its cost, which then is the label loss.
   * @returns The cost with the margin in it and the terms, none where neither the model's loss was computed nor labels
   *     were shown.
   */
  run(
    f: () => Scalar,
    changes: StepChanges,
    observed: () => Tensor | undefined,
  ): {cost: Scalar; terms?: StepTerms} {
    const plan = {...this.plan, options: {...this.plan.options, ...changes}};
    const noted: Tensor[] = [];
    const step = new WatchedStep(this.caller, this.model, plan, noted);
    const undo = [() => dispose(noted)];
    try {
      if (plan.softmax) undo.push(noteLogits(plan.softmax.layer, logits => noted.push(logits)));
      const {notes, restore} = watchLayers(plan.calls);
      undo.push(restore);
      undo.push(this.withMargin(step, notes));
      const cost = f();
      const labels = observed();
      check(
        !(labels && step.terms),
        this.caller,
        'observe',
        'not to be called, for the model showed its labels',
        'both',
      );
      if (!labels) return {cost, terms: step.terms};
      return {cost: step.compose(notes, labels, cost), terms: step.terms};
    } catch (error) {
      dispose(step.terms ?? {});
      throw error;
    } finally {
      undo.reverse().forEach(putBack => putBack());
    }
  }

  /** Puts the margin into the losses that the model was compiled with. */
  private withMargin(step: WatchedStep, notes: LayerNotes): () => void {
    const internals = internalsOf(trainedModel(this.model));
    const {lossFunctions: original, loss} = internals;
    if (!original) return () => {};
    const losses = lossesByOutput(loss, this.model.outputNames);
    internals.lossFunctions = original.map((compute, i) =>
      i === this.plan.outputIndex
        ? (labels, outputs) => step.losses(notes, labels, outputs, losses[i], compute)
        : (labels, outputs) => step.weigh(compute(labels, outputs)),
    );
    return () => {
      internals.lossFunctions = original;
    };
  }
}

/** @throws ArgumentError where the live tape has a margin already. */
export function checkNoMargin(caller: string): void {
  const wayOut = 'leave model, gamma and all options of a margin out where the loss has its own';
  check(!tapeHasMargin(), caller, 'the loss', 'to have no margin yet', 'one with a margin', wayOut);
}

/** One forward pass of an attached model. */
class WatchedStep {
  terms?: StepTerms;

  constructor(
    private readonly caller: string,
    private readonly model: LayersModel,
    private readonly plan: MarginPlan,
    private readonly noted: Tensor[],
  ) {}

  /** The label loss and margin of each example. */
  losses(notes: LayerNotes, labels: Tensor, outputs: Tensor, loss: unknown, compute: LabelLoss): Tensor {
    checkNoMargin(this.caller);
    checkSmoothing(this.caller, this.plan.options.labelSmoothing, loss);
    const tensors = {labels, outputs, ...this.intercepted(notes, outputs)};
    const {losses, terms} = exampleLosses(this.caller, this.plan, tensors, loss, compute);
    this.terms = keepTerms(terms);
    return losses;
  }

  /** The same for a user's own loop, in which the cost of the step is the label loss. */
  compose(notes: LayerNotes, labels: Tensor, cost: Scalar): Scalar {
    const {caller, plan} = this;
    checkNoMargin(caller);
    const {logits, activations} = this.intercepted(notes);
    const indices = readLabels(caller, labels, logits.shape[0], plan.classes);
    const oneHot = withoutTape(() => oneHotLabels(indices, plan.classes));
    const extras = {labelLoss: cost};
    const {loss, ...terms} = composeLoss(
      caller,
      oneHot,
      logits,
      activations,
      plan.layers,
      plan.options,
      extras,
    );
    this.terms = keepTerms(terms);
    return loss;
  }

  /** The label loss of another output. */
  weigh(loss: Tensor): Tensor {
    const {crossEntropyWeight, step = 0} = this.plan.options;
    return mul(loss, valueAt(crossEntropyWeight, step));
  }

  private intercepted(notes: LayerNotes, outputs?: Tensor) {
    const {caller, model, plan, noted} = this;
    const {calls, softmax} = plan;
    const results = matchCalls(calls, findInputs(caller, calls, notes), notes);
    const made = softmax ? noted[noted.length - 1] : (outputs ?? results.get(calls[calls.length - 1])!);
    const logits = (made.rank === 2 ? made : reshape(made, [-1, plan.classes])) as Tensor2D;
    const activations = activationsAt(caller, model, plan, results, logits);
    warnOfMixing(caller, plan, logits, results);
    return {logits, activations};
  }
}
