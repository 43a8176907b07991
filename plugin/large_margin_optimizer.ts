import {
  dispose,
  Optimizer,
  type NamedTensorMap,
  type Scalar,
  type serialization,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check, registeredVariables} from '../src/index.js';
import {withKernels} from './kernel_scope.js';
import {
  innerFromConfig,
  innerOptimizer,
  innerToConfig,
  type OptimizerConfig,
} from './optimizer/inner_optimizer.js';
import {learningRateOf} from './optimizer/learning_rate.js';
import {NonFinitePolicy} from './optimizer/non_finite.js';
import type {NamedTensor} from './optimizer/slot_weights.js';
import type {StepStream} from './optimizer/step_stream.js';
import {Stepper} from './optimizer/stepper.js';
import {
  optionsFromSplitConfig,
  splitOptions,
  splitToConfig,
  type LargeMarginOptimizerOptions,
  type SplitOptions,
} from './optimizer_options.js';
import {checkOwnClass, checkVersion, CONFIG_VERSION} from './saved_class.js';
import {restoringOnError, Snapshot} from './snapshot.js';
import {StepMargin, type Differentiated, type Observed} from './step_margin.js';
import {faultIn, type StepParts} from './step_terms.js';

const CALLER = 'LargeMarginOptimizer';

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
  private readonly split: SplitOptions;
  private readonly policy: NonFinitePolicy;
  private readonly stepper: Stepper;
  private readonly margin: StepMargin;
  /** Whether gradients were computed here and not applied yet. */
  private isComputed = false;
  private isDisposed = false;

  constructor(inner: Optimizer | string, options: LargeMarginOptimizerOptions = {}) {
    super();
    this.split = splitOptions(CALLER, options);
    const {nonFinite: policy = 'raise', maxSkips} = this.split.step;
    this.policy = new NonFinitePolicy(CALLER, {policy, maxSkips});
    this.margin = new StepMargin(CALLER, this.split.margin);
    if (options.model !== undefined) this.margin.attach(options.model);
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    this.stepper = new Stepper(CALLER, innerOptimizer(CALLER, inner), this.split.step, seed);
    this.stream = this.stepper.stream;
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
    this.admit();
    return withKernels(() => {
      const untrained = new Snapshot(untrainedNow());
      let result: Differentiated | undefined;
      try {
        result = this.margin.differentiate(f, this.stream, varList);
        const {value, grads, terms} = result;
        const gradients = toList(varList?.map(({name}) => ({name, tensor: grads[name]})) ?? grads);
        if (this.decide({gradients, value, terms})) {
          // What a forward pass has not moved is let go of: the slots are changed in place where nobody else holds them.
          untrained.keepMoved();
          this.stepper.take(
            gradients,
            varList?.map(({name}) => name),
          );
        } else {
          untrained.restore();
        }
        this.stream.steps++;
        if (returnCost) return value;
        value.dispose();
        return null;
      } catch (error) {
        untrained.restore();
        dispose([result?.value, result?.reported] as Tensor[]);
        throw error;
      } finally {
        untrained.dispose();
        dispose([result?.grads, result?.terms] as NamedTensorMap[]);
      }
    });
  }

  /** The value of f with the margin in it, and its gradients, for `applyGradients`. See tf.Optimizer. */
  override computeGradients(f: () => Scalar, varList?: Variable[]): {value: Scalar; grads: NamedTensorMap} {
    this.admit();
    const compute = () => this.margin.differentiate(f, this.stream, varList);
    const {value, grads, terms} = withKernels(() => restoringOnError(untrainedNow(), compute));
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
    this.admit();
    const wayOut = 'call minimize or computeGradients of this optimizer';
    const isSound = this.isComputed || !this.margin.isWanted;
    check(isSound, CALLER, 'gradients', 'to have the margin in them', 'gradients from elsewhere', wayOut);
    this.isComputed = false;
    const gradients = toList(variableGradients);
    if (this.decide({gradients})) withKernels(() => this.stepper.take(gradients));
  }

  /** How many steps were taken. */
  override get iterations(): number {
    return this.stepper.inner.iterations;
  }

  /** The learning rate of the next step. To set it is an error where a schedule decides it. */
  get learningRate(): number {
    return this.stepper.learningRate ?? learningRateOf(this.stepper.inner);
  }

  set learningRate(value: number) {
    this.stepper.setLearningRate(value);
  }

  /** Sets it as well: tf.train.sgd and tf.train.momentum have such a method. */
  setLearningRate(value: number): void {
    this.stepper.setLearningRate(value);
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
    this.checkInUse();
    return this.stepper.getWeights();
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    this.checkInUse();
    return this.stepper.setWeights(weights);
  }

  override getConfig(): serialization.ConfigDict {
    checkOwnClass(LargeMarginOptimizer);
    const {step, margin} = this.split;
    const inner = innerToConfig(this.stepper.inner);
    // Never empty, by which a loaded optimizer knows that a margin is wanted.
    const seeded = margin && {...margin, seed: this.stream.seed};
    return {version: CONFIG_VERSION, inner, ...splitToConfig({step, margin: seeded})};
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    checkVersion(LargeMarginOptimizer, config.version);
    const inner = innerFromConfig(config.inner as OptimizerConfig);
    return new cls(inner as never, optionsFromSplitConfig(config) as never);
  }

  override dispose(): void {
    this.isDisposed = true;
    this.stepper.dispose();
  }

  private checkInUse(): void {
    check(!this.isDisposed, CALLER, 'the optimizer', 'to be in use', 'one that was disposed of');
  }

  /** Whether a step may begin. */
  private admit(): void {
    this.checkInUse();
    this.policy.admit();
  }

  /** Whether to take a step. */
  private decide(parts: StepParts): boolean {
    const {learningRate} = this.stepper;
    const isTaken = this.policy.decide(faultIn(this.stream.steps, {...parts, learningRate}));
    if (this.stopped) this.margin.stopTraining();
    return isTaken;
  }
}

/** What only a forward pass may move, as batch norm does its averages. */
function untrainedNow(): Variable[] {
  return registeredVariables().filter(({trainable}) => !trainable);
}

/** The gradients that there are; a frozen variable, or one off the path, has none. */
function toList(gradients: NamedTensorMap | NamedTensor[]): NamedTensor[] {
  const list = Array.isArray(gradients)
    ? gradients
    : Object.entries(gradients).map(([name, tensor]) => ({name, tensor}));
  return list.filter(({tensor}) => tensor != null);
}
