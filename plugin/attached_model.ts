import {
  dispose,
  mul,
  reshape,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {
  check,
  cloneOnTape,
  composeLoss,
  isTapeLive,
  keptTensors,
  oneHotLabels,
  readLabels,
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
import {readSampleWeights} from './sample_weights.js';
import {keepTerms, type StepTerms} from './step_terms.js';
import type {LayerCall} from './topology.js';

/** What a custom training loop shows of a step. */
export interface Observed {
  /** One-hot [batch, classes], or class indices [batch]. */
  labels: Tensor;
  /** [batch, classes], on the live tape; not needed with an attached model. */
  logits?: Tensor2D;
  /** By name, each float32 [batch, ...], on the way to the logits; not needed with an attached model. */
  activations?: Record<string, Tensor>;
  /** [batch], >= 0: weights of the examples' margins; the cost has its own in it. */
  sampleWeight?: Tensor1D;
}

/** What decides about a step beside the options. */
export interface StepChanges {
  seed: number;
  step: number;
}

/** What a step gave beside its cost, to be disposed of. */
export interface Measured {
  terms: StepTerms;
  /** What a model's `fit` keeps to report, and never gets to where the step fails. */
  reported: Tensor[];
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
    const isModel = model instanceof LayersModel && model.outputs?.length > 0;
    check(isModel, caller, 'model', 'to be a tf.LayersModel with a known input shape', String(model));
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
   * @param observed Asked after f: what f has shown. Labels alone: the cost is the label loss, and the margin is added to it.
   * @returns The cost with the margin in it and what was measured: nothing where the model's loss was not computed and
   *     labels were not shown, or shown with logits of their own.
   */
  run(
    f: () => Scalar,
    changes: StepChanges,
    observed: () => Observed | undefined,
  ): {cost: Scalar; measured?: Measured} {
    const plan = {...this.plan, options: {...this.plan.options, ...changes}};
    const noted: Tensor[] = [];
    const step = new WatchedStep(this.caller, this.model, plan, noted);
    const undo = [() => dispose(noted)];
    try {
      if (plan.softmax) undo.push(noteLogits(plan.softmax.layer, logits => noted.push(logits)));
      const {notes, restore} = watchLayers(plan.calls);
      undo.push(restore);
      if (!plan.softmax) undo.push(keepResults(plan.calls[plan.calls.length - 1].layer, step.scores));
      undo.push(this.withMargin(step, notes));
      const cost = f();
      const shown = observed();
      const wanted = "not to be called, for the model's own loss showed the labels";
      check(!(shown && step.terms), this.caller, 'observe', wanted, 'a call');
      if (step.terms) return {cost, measured: {terms: step.terms, reported: keptTensors()}};
      if (!shown || shown.logits) return {cost};
      const composed = step.compose(notes, shown, cost);
      return {cost: composed, measured: {terms: step.terms!, reported: []}};
    } catch (error) {
      // Metrics that tfjs keeps for its report, which there will be none of, and the terms themselves.
      if (step.terms) dispose([keptTensors(), step.terms]);
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

/** Keeps what a layer returns for as long as the tape's function runs: a tidy around the user's call lets go of it. */
function keepResults(layer: LayerCall['layer'], kept: Map<Tensor, Tensor>): () => void {
  const {call} = layer;
  layer.call = function (...args) {
    const made = call.apply(this, args);
    const [first] = [made].flat();
    if (isTapeLive()) kept.set(first, cloneOnTape(first));
    return made;
  };
  return () => void (layer.call = call);
}

/** The weights of a step's examples, checked. */
export function readWeights(
  caller: string,
  weights: Tensor1D | undefined,
  batch: number,
): Tensor1D | undefined {
  if (weights === undefined) return undefined;
  return withoutTape(() => readSampleWeights(caller, weights, batch, ['logits']))[0] as Tensor1D;
}

/** One forward pass of an attached model. */
class WatchedStep {
  terms?: StepTerms;
  /** Of a net without softmax, what its last layer returned, and a copy that outlives it. */
  readonly scores = new Map<Tensor, Tensor>();

  constructor(
    private readonly caller: string,
    private readonly model: LayersModel,
    private readonly plan: MarginPlan,
    private readonly noted: Tensor[],
  ) {}

  /** The label loss and margin of each example. */
  losses(notes: LayerNotes, labels: Tensor, outputs: Tensor, loss: unknown, compute: LabelLoss): Tensor {
    const {caller, plan} = this;
    checkSmoothing(caller, plan.options.labelSmoothing, loss);
    const {logits, activations, results} = this.intercepted(notes, outputs);
    const tensors = {labels, outputs, logits, activations};
    const {losses, terms} = exampleLosses(caller, plan, tensors, loss, compute);
    this.terms = keepTerms(terms);
    // Not before: what the loss refuses by its name, a walk without any checks would only stumble over.
    warnOfMixing(caller, plan, logits, results);
    return losses;
  }

  /** The same for a user's own loop, in which the cost of the step is the label loss. */
  compose(notes: LayerNotes, {labels, sampleWeight}: Observed, cost: Scalar): Scalar {
    const {caller, plan} = this;
    checkSmoothing(caller, plan.options.labelSmoothing, 'a cost');
    const {logits, activations, results} = this.intercepted(notes);
    const [batch] = logits.shape;
    const indices = readLabels(caller, labels, batch, plan.classes);
    const oneHot = withoutTape(() => oneHotLabels(indices, plan.classes));
    const exampleWeights = readWeights(caller, sampleWeight, batch);
    const {layers, options} = plan;
    const extras = {labelLoss: cost, exampleWeights};
    const {loss, ...terms} = composeLoss(caller, oneHot, logits, activations, layers, options, extras);
    this.terms = keepTerms(terms);
    warnOfMixing(caller, plan, logits, results);
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
    const scores = () => this.scores.get(results.get(calls[calls.length - 1])!)!;
    const made = softmax ? noted[noted.length - 1] : (outputs ?? scores());
    const logits = (made.rank === 2 ? made : reshape(made, [-1, plan.classes])) as Tensor2D;
    return {logits, activations: activationsAt(caller, model, plan, results, logits), results};
  }
}
