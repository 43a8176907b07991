import {
  dispose,
  tidy,
  variableGrads,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {
  abandonTape,
  check,
  checkKeys,
  cloneOnTape,
  observedLoss,
  stepSeed,
  tapeHasMargin,
  type LargeMarginLoss,
  type MarginOptions,
} from '../src/index.js';
import {
  AttachedModel,
  readWeights,
  type Measured,
  type Observed,
  type StepChanges,
} from './attached_model.js';
import {checkSmoothing} from './label_losses.js';
import type {LargeMarginModelOptions} from './margin_plan.js';
import type {StepStream} from './model_config.js';
import {keepTerms} from './step_terms.js';

export type {Observed} from './attached_model.js';

/** A function's value with the margin in it, what that is made of, and its gradients; to be disposed of. */
export interface Differentiated extends Measured {
  value: Scalar;
  grads: NamedTensorMap;
}

/** Adds a margin to functions that somebody else wrote: from what they show, or what an attached model computes in them. */
export class StepMargin {
  private readonly caller: string;
  /** Missing where functions bring their own margin. */
  private readonly options?: LargeMarginModelOptions;
  /** The same without what names parts of models. */
  private readonly ofObserved: MarginOptions;
  private attached?: AttachedModel;
  private observed?: Observed;
  private isRunning = false;

  constructor(caller: string, options?: LargeMarginModelOptions) {
    this.caller = caller;
    this.options = options;
    const {output: _, ...rest} = options ?? {};
    this.ofObserved = rest;
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
    checkObserved(caller, observed, this.attached !== undefined);
    const {labels, logits, activations, sampleWeight} = observed;
    // What a tidy around the call disposes of is looked at after f. Activations are not: the tape knows them.
    this.observed = {
      labels: cloneOnTape(labels),
      ...(sampleWeight && {sampleWeight: cloneOnTape(sampleWeight)}),
      ...(logits && {logits: cloneOnTape(logits), activations: {...activations}}),
    };
  }

  /** Differentiates f, with the margin in it; after an error nothing is left behind. */
  differentiate(f: () => Scalar, stream: StepStream, varList?: Variable[]): Differentiated {
    const measured: Measured = {terms: {}, reported: []};
    this.isRunning = true;
    try {
      // In a tidy: tfjs keeps for ever what a function recorded that throws.
      const {value, grads} = tidy(() => variableGrads(() => this.cost(f, stream, measured), varList));
      return {value, grads, ...measured};
    } catch (error) {
      dispose([measured.terms, measured.reported]);
      abandonTape();
      throw error;
    } finally {
      this.isRunning = false;
      this.observed = undefined;
    }
  }

  /** The cost with the margin in it; what is measured is put into `measured`, also where an error follows. */
  private cost(f: () => Scalar, {seed, steps: step}: StepStream, measured: Measured): Scalar {
    const {attached} = this;
    const changes = {seed: stepSeed(seed, step), step};
    const ran = attached ? attached.run(f, changes, () => this.observed) : {cost: f()};
    Object.assign(measured, ran.measured);
    const isMeasured = ran.measured !== undefined;
    this.checkMargin(isMeasured);
    if (!this.observed || isMeasured) return ran.cost;
    const {loss, ...terms} = this.observedLoss(ran.cost, this.observed, changes);
    measured.terms = keepTerms(terms);
    return loss;
  }

  /** The margin of what was shown with its logits. */
  private observedLoss(
    labelLoss: Scalar,
    {labels, logits, activations, sampleWeight}: Observed,
    changes: StepChanges,
  ): LargeMarginLoss {
    const caller = `${this.caller}.observe`;
    const options = this.ofObserved;
    checkSmoothing(caller, options.labelSmoothing ?? 0, 'a cost');
    const exampleWeights = readWeights(caller, sampleWeight, logits!.shape[0]);
    return observedLoss(caller, labels, logits!, activations!, options, changes, {labelLoss, exampleWeights});
  }

  /**
   * Checks that there is one margin: the one of the options or, without them, the function's own.
   *
   * @param isMeasured Whether the margin of the options is on the tape already.
   */
  private checkMargin(isMeasured: boolean): void {
    const {caller, options} = this;
    const isOwn = options !== undefined && tapeHasMargin(isMeasured ? 2 : 1);
    const without = 'leave model, gamma and all options of a margin out where the loss has its own';
    check(!isOwn, caller, 'the loss', 'to have no margin of its own', 'one with a margin', without);
    const isThere = isMeasured || this.observed !== undefined || (!options && tapeHasMargin());
    const [wanted, wayOut] = options ? NOT_SHOWN : NO_MARGIN;
    check(isThere, caller, 'the function f', wanted, 'neither', wayOut);
  }
}

const NOT_SHOWN = [
  'to compute the loss of an attached model, or to call observe',
  'give the option model (after loading: attach(model)), or call observe({labels, logits, activations}) in f',
];
const NO_MARGIN = [
  'to have a margin',
  'give model and gamma to LargeMarginOptimizer, or minimize the loss of a LargeMarginModel or marginLoss',
];
const OBSERVED = ['labels', 'logits', 'activations', 'sampleWeight'];

function checkObserved(caller: string, observed: Observed, isAttached: boolean): void {
  checkKeys(caller, 'the argument', observed, OBSERVED, 'to be {labels, logits, activations}');
  const {labels, logits, activations, sampleWeight} = observed;
  const isTensor = (value: unknown) => typeof (value as Tensor)?.dataSync === 'function';
  check(isTensor(labels), caller, 'labels', 'to be a tensor', labels);
  check(
    sampleWeight === undefined || isTensor(sampleWeight),
    caller,
    'sampleWeight',
    'to be a tensor',
    sampleWeight,
  );
  if (isAttached && logits === undefined && activations === undefined) return;
  const wayOut = isAttached ? 'or leave both out, for a model is attached' : 'or attach a model';
  check(isTensor(logits), caller, 'logits', 'to be a tensor', logits, wayOut);
  const areTensors =
    activations !== null && typeof activations === 'object' && Object.values(activations).every(isTensor);
  check(areTensors, caller, 'activations', 'to be tensors by name', activations, wayOut);
}
