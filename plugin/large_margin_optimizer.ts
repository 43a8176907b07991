import {
  dispose,
  Optimizer,
  type NamedTensorMap,
  type Scalar,
  type serialization,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, registeredVariables, valueAt} from '../src/index.js';
import {withKernels} from './kernel_scope.js';
import type {StepStream} from './model_config.js';
import {GradientAccumulator} from './optimizer/accumulation.js';
import {clipGradients} from './optimizer/clipping.js';
import {Counter} from './optimizer/counter.js';
import {
  innerFromConfig,
  innerOptimizer,
  innerToConfig,
  type OptimizerConfig,
} from './optimizer/inner_optimizer.js';
import {learningRateOf, setLearningRate} from './optimizer/learning_rate.js';
import {NamedSlots} from './optimizer/named_slots.js';
import {NonFinitePolicy} from './optimizer/non_finite.js';
import type {NamedTensor} from './optimizer/slot_weights.js';
import {
  optionsFromSplitConfig,
  splitOptions,
  splitToConfig,
  type LargeMarginOptimizerOptions,
  type SplitOptions,
} from './optimizer_options.js';
import {checkOwnClass, checkVersion, CONFIG_VERSION} from './saved_class.js';
import {Snapshot} from './snapshot.js';
import {StepMargin, type Differentiated, type Observed} from './step_margin.js';
import {faultIn} from './step_terms.js';

const CALLER = 'LargeMarginOptimizer';

/** Names of what is saved beside the inner optimizer's state begin with it. */
const OWN = 'largeMargin/';
const STEPS = `${OWN}steps`;

/**
 * An adapter around any optimizer of tfjs that adds a large margin to what is minimized, and takes better steps:
 * clipped, scheduled, accumulated over batches, safe from NaN, with state by the names of variables, so that freezing and
 * unfreezing layers never mixes it.
 *
 * With `model`, in `fit`: while a step runs, the margin layers' activations, the true scores, and the labels that the
 * label loss sees are intercepted, and the margin is added to that loss; before and after, the model is as it was. In
 * your own loop call `observe` inside `minimize`. Without any options of a margin the adapter serves models that have
 * one already: LargeMarginModel, marginLoss, largeMarginLoss.
 *
 * @param inner An optimizer, which belongs to the adapter from now on, or 'sgd', 'momentum', 'rmsprop', 'adam', 'adamax',
 *     'adagrad', 'adadelta'.
 * @param options Those of LargeMarginModel, `model`, and those of the step: `learningRate`, `globalClipNorm`, `clipValue`,
 *     `accumulationSteps`, `nonFinite`, `maxSkips`.
 * @throws ArgumentError naming the option that is wrong.
 * @example
 * const optimizer = new LargeMarginOptimizer(tf.train.adam(1e-3), {model, gamma: 1, layers: ['input', 'conv1']});
 * model.compile({optimizer, loss: 'categoricalCrossentropy'});
 */
export class LargeMarginOptimizer extends Optimizer {
  static className = 'LargeMarginOptimizer';

  /** Seed and number of batches so far: they decide random rivals, and what of the margin changes with the step. */
  readonly stream: StepStream;
  private readonly slots: NamedSlots;
  private readonly split: SplitOptions;
  private readonly policy: NonFinitePolicy;
  private readonly accumulator?: GradientAccumulator;
  private readonly counter = new Counter();
  private readonly margin: StepMargin;
  /** Whether gradients were computed here and not applied yet. */
  private isComputed = false;

  constructor(inner: Optimizer | string, options: LargeMarginOptimizerOptions = {}) {
    super();
    this.split = splitOptions(CALLER, options);
    const {nonFinite: policy = 'raise', maxSkips, accumulationSteps = 1} = this.split.step;
    this.policy = new NonFinitePolicy(CALLER, {policy, maxSkips});
    this.margin = new StepMargin(CALLER, this.split.margin);
    if (options.model) this.margin.attach(options.model);
    this.stream = {seed: options.seed ?? Math.floor(Math.random() * 2 ** 31), steps: 0};
    if (accumulationSteps > 1) this.accumulator = new GradientAccumulator(accumulationSteps);
    this.slots = new NamedSlots(innerOptimizer(CALLER, inner));
  }

  /**
   * Intercepts this model from now on, as the option `model` does; needed after loading, for a model is not saved with
   * its optimizer.
   *
   * @throws ArgumentError as for the option.
   */
  attach(model: LayersModel): this {
    this.margin.attach(model);
    return this;
  }

  /**
   * Shows, inside `minimize`, what the margin of this step is measured on. The cost that is returned to `minimize` is the
   * label loss: crossEntropyWeight x cost + marginWeight x margin is minimized.
   *
   * @throws ArgumentError outside of `minimize`, the second time in a step, and where something is missing.
   * @example
   * optimizer.minimize(() => {
   *   const hidden = tf.relu(tf.matMul(x, w1));
   *   const logits = tf.matMul(hidden, w2);
   *   optimizer.observe({labels, logits, activations: {input: x, hidden}});
   *   return tf.losses.softmaxCrossEntropy(labels, logits);
   * });
   */
  observe(observed: Observed): void {
    this.margin.observe(observed);
  }

  /** Takes a step down f, with the margin in it. See tf.Optimizer; in `f` the model is run once. */
  override minimize(f: () => Scalar, returnCost = false, varList?: Variable[]): Scalar | null {
    this.policy.admit();
    return withKernels(() => {
      const untrained = new Snapshot(registeredVariables().filter(({trainable}) => !trainable));
      let result: Differentiated | undefined;
      try {
        result = this.margin.differentiate(f, this.stream, varList);
        const {value, grads, terms} = result;
        const gradients = toList(varList?.map(({name}) => ({name, tensor: grads[name]})) ?? grads);
        if (this.policy.decide(faultIn(this.stream.steps, gradients, value, terms))) {
          // No more than the optimizer holds its slots, so that they can be changed in place.
          untrained.dispose();
          this.take(gradients);
        } else {
          untrained.restore();
        }
        this.stream.steps++;
        if (this.stopped) this.margin.stopTraining();
        if (returnCost) return value;
        value.dispose();
        return null;
      } catch (error) {
        untrained.restore();
        result?.value.dispose();
        throw error;
      } finally {
        untrained.dispose();
        dispose(result?.grads ?? {});
        dispose(result?.terms ?? {});
      }
    });
  }

  /** The value of f with the margin in it, and its gradients, for `applyGradients`. See tf.Optimizer. */
  override computeGradients(f: () => Scalar, varList?: Variable[]): {value: Scalar; grads: NamedTensorMap} {
    this.policy.admit();
    const {value, grads, terms} = withKernels(() => this.margin.differentiate(f, this.stream, varList));
    this.isComputed = true;
    dispose(terms);
    this.stream.steps++;
    return {value, grads};
  }

  /**
   * Takes a step with gradients that `computeGradients` gave; without options of a margin, with any gradients.
   *
   * @throws ArgumentError where the margin cannot be in them, NonFiniteError as `nonFinite` says; no weight has changed then.
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    this.policy.admit();
    const wayOut = 'call minimize or computeGradients of this optimizer';
    const isSound = this.isComputed || !this.margin.isWanted;
    check(isSound, CALLER, 'gradients', 'to have the margin in them', 'gradients from elsewhere', wayOut);
    this.isComputed = false;
    const gradients = toList(variableGradients);
    if (this.policy.decide(faultIn(this.stream.steps, gradients))) withKernels(() => this.take(gradients));
  }

  /** How many steps were taken. */
  override get iterations(): number {
    return this.slots.inner.iterations;
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    const {learningRate} = this.split.step;
    if (learningRate === undefined) return learningRateOf(this.slots.inner);
    return valueAt(learningRate, this.iterations);
  }

  /** Whether nonFinite 'stop' has ended the training. */
  get stopped(): boolean {
    return this.policy.stopped;
  }

  /** Lets training go on after a stop. */
  reset(): void {
    this.policy.reset();
  }

  override async getWeights(): Promise<NamedTensor[]> {
    const own = [{name: STEPS, tensor: this.counter.tensorOf(this.stream.steps)}];
    const gathered = this.accumulator?.getWeights() ?? [];
    const named = gathered.map(({name, tensor}) => ({name: OWN + name, tensor}));
    return [...(await this.slots.getWeights()), ...own, ...named];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const steps = weights.find(({name}) => name === STEPS);
    const wayOut = 'load what getWeights of a LargeMarginOptimizer gave';
    check(
      steps?.tensor.size === 1,
      CALLER,
      'weights',
      `to have ${STEPS}, a number`,
      steps?.tensor.shape,
      wayOut,
    );
    const isOwn = ({name}: NamedTensor) => name.startsWith(OWN);
    const gathered = weights.filter(weight => isOwn(weight) && weight !== steps);
    const extra = this.accumulator ? undefined : gathered[0];
    check(
      !extra,
      CALLER,
      'weights',
      'to have no gathered gradients, for accumulationSteps is 1',
      extra?.name,
    );
    const count = (await steps.tensor.data())[0];
    await this.slots.setWeights(weights.filter(weight => !isOwn(weight)));
    this.accumulator?.setWeights(gathered.map(({name, tensor}) => ({name: name.slice(OWN.length), tensor})));
    this.stream.steps = count;
  }

  override getConfig(): serialization.ConfigDict {
    checkOwnClass(LargeMarginOptimizer);
    const inner = innerToConfig(this.slots.inner);
    return {version: CONFIG_VERSION, inner, seed: this.stream.seed, ...splitToConfig(this.split)};
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    checkVersion(LargeMarginOptimizer, config.version);
    const inner = innerFromConfig(config.inner as OptimizerConfig);
    const optimizer = new cls(inner as never, optionsFromSplitConfig(config) as never);
    (optimizer as unknown as LargeMarginOptimizer).stream.seed = config.seed as number;
    return optimizer;
  }

  override dispose(): void {
    this.slots.dispose();
    this.accumulator?.dispose();
    this.counter.dispose();
  }

  /** Takes the step, or gathers its gradients until there are enough. */
  private take(gradients: NamedTensor[]): void {
    const {slots, accumulator, split} = this;
    const gathered = accumulator ? accumulator.add(gradients) : gradients;
    if (!gathered) return;
    const clipped = clipGradients(gathered, split.step);
    try {
      if (split.step.learningRate !== undefined) setLearningRate(slots.inner, this.learningRate);
      slots.apply(clipped);
    } finally {
      dispose(clipped.map(({tensor}) => tensor));
      if (accumulator) dispose(gathered.map(({tensor}) => tensor));
    }
  }
}

/** The gradients that there are; a frozen variable, or one off the path, has none. */
function toList(gradients: NamedTensorMap | NamedTensor[]): NamedTensor[] {
  const list = Array.isArray(gradients)
    ? gradients
    : Object.entries(gradients).map(([name, tensor]) => ({name, tensor}));
  return list.filter(({tensor}) => tensor != null);
}
