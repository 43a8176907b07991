import {
  dispose,
  tidy,
  variableGrads,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {abandonTape, check, observedLoss, stepSeed, tapeHasMargin} from '../src/index.js';
import {AttachedModel, checkNoMargin} from './attached_model.js';
import type {LargeMarginModelOptions} from './margin_plan.js';
import type {StepStream} from './model_config.js';
import {readSampleWeights} from './sample_weights.js';
import {keepTerms, type StepTerms} from './step_terms.js';

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

/** A function's value with the margin in it, what that is made of, and its gradients; to be disposed of. */
export interface Differentiated {
  value: Scalar;
  terms: StepTerms;
  grads: NamedTensorMap;
}

/** Adds a margin to functions that somebody else wrote: from what they show, or what an attached model computes in them. */
export class StepMargin {
  private readonly caller: string;
  /** Missing where functions bring their own margin. */
  private readonly options?: LargeMarginModelOptions;
  private attached?: AttachedModel;
  private observed?: Observed;
  private isRunning = false;

  constructor(caller: string, options?: LargeMarginModelOptions) {
    this.caller = caller;
    this.options = options;
  }

  /** Whether there are options of a margin. */
  get isWanted(): boolean {
    return this.options !== undefined;
  }

  attach(model: LayersModel): void {
    const wayOut = 'give gamma, or whatever the margin shall be';
    check(this.options !== undefined, this.caller, 'options', 'to have those of a margin', 'none', wayOut);
    this.attached = new AttachedModel(this.caller, model, this.options);
  }

  stopTraining(): void {
    this.attached?.stopTraining();
  }

  observe(observed: Observed): void {
    const caller = `${this.caller}.observe`;
    check(this.isRunning, caller, 'the call', 'to be inside minimize', 'a call outside');
    check(!this.observed, caller, 'the call', 'to be the only one in a step', 'a second call');
    check(observed?.labels !== undefined, caller, 'labels', 'to be a tensor', observed?.labels);
    for (const name of ['logits', 'activations'] as const) {
      const isThere = this.attached !== undefined || observed[name] !== undefined;
      check(isThere, caller, name, 'to be given', observed[name], 'or attach a model');
    }
    this.observed = observed;
  }

  /** Differentiates f, with the margin in it; after an error nothing is left behind. */
  differentiate(f: () => Scalar, stream: StepStream, varList?: Variable[]): Differentiated {
    let terms: StepTerms = {};
    const run = () => {
      const {cost, terms: measured} = this.cost(f, stream);
      terms = measured;
      return cost;
    };
    this.isRunning = true;
    try {
      // In a tidy: tfjs keeps for ever what a function recorded that throws.
      const {value, grads} = tidy(() => variableGrads(run, varList));
      return {value, grads, terms};
    } catch (error) {
      dispose(terms);
      abandonTape();
      throw error;
    } finally {
      this.isRunning = false;
      this.observed = undefined;
    }
  }

  private cost(f: () => Scalar, {seed, steps: step}: StepStream): {cost: Scalar; terms: StepTerms} {
    const {caller, options, attached} = this;
    const changes = {seed: stepSeed(seed, step), step};
    const labels = () => (this.observed?.activations ? undefined : this.observed?.labels);
    const run = (): {cost: Scalar; terms?: StepTerms} =>
      attached ? attached.run(f, changes, labels) : {cost: f()};
    const {cost, terms} = run();
    if (terms) return {cost, terms};
    if (this.observed) return this.observedCost(cost, this.observed, changes);
    const wanted = options
      ? 'to compute the loss of an attached model, or to call observe'
      : 'to have a margin';
    const wayOut = options
      ? 'give the option model, or call optimizer.observe({labels, logits, activations}) in f'
      : 'give model and gamma to LargeMarginOptimizer, or minimize the loss of a LargeMarginModel or marginLoss';
    check(!options && tapeHasMargin(), caller, 'the function f', wanted, 'neither', wayOut);
    return {cost, terms: {}};
  }

  private observedCost(
    labelLoss: Scalar,
    {labels, logits, activations, sampleWeight}: Observed,
    changes: {seed: number; step: number},
  ): {cost: Scalar; terms: StepTerms} {
    const caller = `${this.caller}.observe`;
    checkNoMargin(this.caller);
    const {output: _, ...options} = this.options ?? {};
    const size = logits!.shape[0];
    const [exampleWeights] = sampleWeight ? readSampleWeights(caller, sampleWeight, size, ['logits']) : [];
    const extras = {labelLoss, exampleWeights: exampleWeights as Tensor1D | undefined};
    const all = {...options, ...changes};
    const {loss, ...terms} = observedLoss(caller, labels, logits!, activations!, all, extras);
    return {cost: loss, terms: keepTerms(terms)};
  }
}
