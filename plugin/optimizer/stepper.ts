import {dispose, type Optimizer} from '@tensorflow/tfjs-core';
import {check, isSchedule, valueAt, type Scheduled} from '../../src/index.js';
import {GradientAccumulator, isAccumulated} from './accumulation.js';
import {clipGradients, type ClippingOptions} from './clipping.js';
import {hasLearningRate, learningRateOf, setLearningRate} from './learning_rate.js';
import {NamedSlots} from './named_slots.js';
import type {NamedTensor} from './slot_weights.js';
import {StepStream} from './step_stream.js';

/** How a step is taken. */
export interface SteppingOptions extends ClippingOptions {
  /** In place of the inner optimizer's, >= 0; a schedule counts the steps that were taken (`iterations`). */
  learningRate?: Scheduled;
  /** One step is taken with the mean gradient of so many batches, which count alike. Default 1. */
  accumulationSteps?: number;
}

/** Names of what is saved beside the inner optimizer's state begin with it. */
const OWN = 'largeMargin/';

/**
 * Takes steps with gradients that somebody else computed: gathers them, clips them, sets the learning rate, and lets an
 * optimizer of tfjs step, whose slots it keeps by name. It holds all of an optimizer's state that is saved.
 *
 * @param inner Belongs to this object from now on.
 * @param options Checked before.
 * @throws ArgumentError for an inner optimizer without a learning rate where the options have one.
 */
export class Stepper {
  readonly stream: StepStream;
  private readonly caller: string;
  private readonly slots: NamedSlots;
  private readonly options: SteppingOptions;
  private accumulator?: GradientAccumulator;

  constructor(caller: string, inner: Optimizer, options: SteppingOptions, seed: number) {
    const {accumulationSteps = 1, learningRate} = options;
    if (learningRate !== undefined) learningRateOf(inner);
    this.caller = caller;
    this.slots = new NamedSlots(inner);
    this.options = options;
    this.stream = new StepStream(seed);
    if (accumulationSteps > 1) this.accumulator = new GradientAccumulator(accumulationSteps);
  }

  get inner(): Optimizer {
    return this.slots.inner;
  }

  /** The learning rate of the next step; undefined where the optimizer has none. */
  get learningRate(): number | undefined {
    const {learningRate} = this.options;
    if (learningRate !== undefined) return valueAt(learningRate, this.inner.iterations);
    return hasLearningRate(this.inner) ? learningRateOf(this.inner) : undefined;
  }

  /** @throws ArgumentError where a schedule decides it, or for a value that is none. */
  setLearningRate(value: number): void {
    const {options} = this;
    const wayOut = 'make an optimizer without learningRate';
    const isFree = !isSchedule(options.learningRate);
    check(isFree, this.caller, 'learningRate', 'to be left to its schedule', value, wayOut);
    setLearningRate(this.inner, value);
    if (options.learningRate !== undefined) options.learningRate = value;
  }

  /**
   * Takes the step, or gathers its gradients until there are enough.
   *
   * @param gradients They stay the caller's.
   * @param variables Names of those that may move in this step; by default all. What others have gathered is dropped: a
   *     layer that was frozen meanwhile stays where it is, also where tfjs calls its variables trainable (in a Sequential).
   */
  take(gradients: NamedTensor[], variables?: string[]): void {
    const {accumulator} = this;
    if (!accumulator) {
      this.apply(gradients);
      return;
    }
    const gathered = accumulator.add(gradients);
    if (!gathered) return;
    try {
      const left = gathered.filter(({name}) => variables && !variables.includes(name));
      if (left.length > 0) warnOfDropped(this.caller, left);
      this.apply(gathered.filter(gradient => !left.includes(gradient)));
    } finally {
      dispose(gathered.map(({tensor}) => tensor));
    }
  }

  /** Slots by the names of variables, steps and seed, and what is gathered: the stepper's own, good until its next step. */
  async getWeights(): Promise<NamedTensor[]> {
    const ofInner = await this.slots.getWeights();
    const own = [...this.stream.getWeights(), ...(this.accumulator?.getWeights() ?? [])];
    return [...ofInner, ...own.map(({name, tensor}) => ({name: OWN + name, tensor}))];
  }

  /**
   * Goes on from what `getWeights` gave, bit for bit.
   *
   * @throws ArgumentError before anything changes.
   */
  async setWeights(weights: NamedTensor[]): Promise<void> {
    const own = weights.filter(isOwn).map(({name, tensor}) => ({name: name.slice(OWN.length), tensor}));
    const stream = StepStream.read(own);
    const gathered = this.readGathered(own.filter(({name}) => !StepStream.owns(name)));
    try {
      await this.slots.setWeights(weights.filter(weight => !isOwn(weight)));
    } catch (error) {
      gathered?.dispose();
      throw error;
    }
    this.accumulator?.dispose();
    this.accumulator = gathered;
    Object.assign(this.stream, stream);
  }

  /** Frees all; doing it again does nothing. */
  dispose(): void {
    this.slots.dispose();
    this.accumulator?.dispose();
    this.stream.dispose();
  }

  private apply(gradients: NamedTensor[]): void {
    const {slots, options} = this;
    const clipped = clipGradients(gradients, options);
    try {
      if (options.learningRate !== undefined) setLearningRate(this.inner, this.learningRate!);
      slots.apply(clipped);
    } finally {
      dispose(clipped.map(({tensor}) => tensor));
    }
  }

  /** What was gathered of a step that is under way. */
  private readGathered(weights: NamedTensor[]): GradientAccumulator | undefined {
    const {accumulationSteps = 1} = this.options;
    if (accumulationSteps === 1) {
      const [extra] = weights;
      const wanted = 'to have no gathered gradients, for accumulationSteps is 1';
      check(extra === undefined, this.caller, 'weights', wanted, extra?.name);
      return undefined;
    }
    const accumulator = new GradientAccumulator(accumulationSteps);
    accumulator.setWeights(weights);
    return accumulator;
  }
}

/** By the whole name: a layer may be called as ours begin. */
function isOwn({name}: NamedTensor): boolean {
  const rest = name.slice(OWN.length);
  return name.startsWith(OWN) && (StepStream.owns(rest) || isAccumulated(rest));
}

function warnOfDropped(caller: string, gradients: NamedTensor[]): void {
  const names = gradients.map(({name}) => name).join(', ');
  console.warn(
    `${caller}: the gathered gradients of ${names} are dropped, for the batch that completes a step does not train them`,
  );
}
