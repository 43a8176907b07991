import {dispose, type serialization, type Scalar, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {
  LayersModel,
  type History,
  type ModelCompileArgs,
  type ModelEvaluateArgs,
  type ModelFitArgs,
  type ModelFitDatasetArgs,
} from '@tensorflow/tfjs-layers';
import {
  check,
  isTapeLive,
  onLiveTape,
  stepSeed,
  warnOfMasking,
  type LargeMarginLoss,
  type ResolvedOptions,
} from '../src/index.js';
import {checkInputs, readTargets, toList, type Data} from './batch_checks.js';
import {checkSavable, checkSmoothing, DEFAULT_LOSS, labelFormOf, lossesByOutput} from './label_losses.js';
import {GammaWatch} from './gamma_watch.js';
import {internalsOf} from './model_internals.js';
import {planMargin, type LargeMarginModelOptions, type MarginPlan} from './margin_plan.js';
import {markUsed} from './margin_sites.js';
import {measureDistances, measureLoss, type MeasuredLoss} from './measure.js';
import {reportedScalars, testStep, trainModel} from './training_steps.js';
import {modelFromConfig, modelToConfig, type StepStream} from './model_config.js';
import {optionsFromConfig, optionsToConfig} from './options.js';
import {combineWeights, readSampleWeights} from './sample_weights.js';
import {checkOwnClass, checkVersion} from './saved_class.js';
import {printMarginLayers} from './summary_table.js';

const CALLER = 'LargeMarginModel';

type CompileArgs = Omit<ModelCompileArgs, 'loss'> & Partial<Pick<ModelCompileArgs, 'loss'>>;

/** Where batches come from: not looked at yet, checked as a whole before, or a dataset's, which nobody else disposes of. */
type DataState = 'unchecked' | 'checked' | 'dataset';

/**
 * A model that trains with a large margin and is otherwise the model it wraps: the same layers and weights, and
 * `compile`, `fit`, `evaluate`, `predict`, `save` as always.
 *
 * `loss` in `compile` is the label loss (default 'categoricalCrossentropy'). Cross-entropies are computed from true
 * logits, also where the net ends in a softmax; a net that does not is taken to give logits. The history carries
 * `crossEntropy` (the label loss), `margin` and `margin_<layer>`, for training and validation alike. Batch
 * norm's batch statistics are constants to the margin (option `batchStatistics`). Kernel regularizers count in `loss`, in
 * `evaluate` too. `fit` takes `sampleWeight` [examples] beside `classWeight`: both weigh margin and label loss alike.
 *
 * @param base A Sequential or functional model with one classification output (of several: `options.output`).
 * @param options Which margin is wanted, and where: without `layers` at the activations that marginRegularizer layers
 *     mark or, where there are none, at the input and all hidden layers.
 * @throws ArgumentError naming the option that is wrong, before anything changes.
 * @example
 * const model = new LargeMarginModel(base, {gamma: 1, layers: ['input', 'conv1']});
 * model.compile({optimizer: 'adam', metrics: ['accuracy']});
 * await model.fit(x, y);
 */
export class LargeMarginModel extends LayersModel {
  static override className = 'LargeMarginModel';

  /** The plain net with the tuned weights: its `save` needs no plugin to load. */
  readonly baseModel: LayersModel;
  /** What the model was made with. */
  readonly options: Readonly<LargeMarginModelOptions>;
  private readonly plan: MarginPlan;
  /** Seed and number of training steps so far: they decide random rivals and what changes with the step. */
  readonly stream: StepStream;
  private readonly watch: GammaWatch;
  private data: DataState = 'unchecked';

  constructor(base: LayersModel, options: LargeMarginModelOptions = {}) {
    const isModel = base instanceof LayersModel && base.outputs?.length > 0;
    check(isModel, CALLER, 'base', 'to be a tf.LayersModel with a known input shape', String(base));
    const plan = planMargin(CALLER, base, options);
    warnOfMasking(CALLER, options, plan.options);
    super({inputs: base.inputs, outputs: base.outputs, name: base.name});
    this.baseModel = base;
    this.plan = plan;
    this.watch = new GammaWatch(plan);
    markUsed(plan.sources.map(({layer}) => layer));
    this.options = Object.freeze(optionsFromConfig(optionsToConfig(options)));
    this.stream = {seed: options.seed ?? Math.floor(Math.random() * 2 ** 31), steps: 0};
    // The typings make it private, so that no method of that name can be declared; evaluate and fit call it.
    internalsOf(this).makeTestFunction = () => {
      internalsOf(this).testFunction = data =>
        this.onBatch(data, (xs, ys) => testStep(() => this.measure(xs, ys, [], false), this.reporter(ys)));
    };
  }

  override compile(args: CompileArgs): void {
    const loss = args.loss ?? DEFAULT_LOSS;
    const {options, outputIndex} = this.plan;
    checkSmoothing(CALLER, options.labelSmoothing, lossesByOutput(loss, this.outputNames)[outputIndex]);
    super.compile({...args, loss});
    this.metricsNames.push('crossEntropy', 'margin', ...this.plan.layers.map(({name}) => `margin_${name}`));
  }

  override async fit(x: Data, y: Data, args: ModelFitArgs = {}): Promise<History> {
    const run = (watched: ModelFitArgs) => super.fit(x, y, watched);
    return this.withData('checked', () => this.watch.during(CALLER, args, run));
  }

  override async fitDataset<T>(
    dataset: Parameters<LayersModel['fitDataset']>[0],
    args: ModelFitDatasetArgs<T>,
  ): Promise<History> {
    const run = (watched: ModelFitDatasetArgs<T>) =>
      super.fitDataset(dataset, watched as ModelFitDatasetArgs<never>);
    return this.withData('dataset', () => this.watch.during(CALLER, args, run));
  }

  override async evaluateDataset(
    dataset: Parameters<LayersModel['evaluateDataset']>[0],
    args?: Parameters<LayersModel['evaluateDataset']>[1],
  ): Promise<Scalar | Scalar[]> {
    return this.withData('dataset', () => super.evaluateDataset(dataset, args));
  }

  override async trainOnBatch(x: Data, y: Data): Promise<number | number[]> {
    return this.withData('checked', () => super.trainOnBatch(x as Tensor, y as Tensor));
  }

  override evaluate(x: Tensor | Tensor[], y: Tensor | Tensor[], args?: ModelEvaluateArgs): Scalar | Scalar[] {
    this.checkData(x, y);
    const before = this.data;
    this.data = 'checked';
    try {
      return super.evaluate(x, y, args);
    } finally {
      this.data = before;
    }
  }

  /**
   * Computes the loss of a batch and its terms for a custom training loop, also before `compile`.
   *
   * @param x Inputs, as for `fit`: [batch, ...] for each input.
   * @param y Labels: one-hot [batch, classes] or class indices [batch]; `fit` takes the form of its label loss only.
   * @param args `training` (default true): as in `fit`; false: layers as at inference, and the top rivals.
   * @returns Scalars to dispose of, on the live tape where there is one: `loss` (regularizers included), `crossEntropy` (the label
   *     loss), `margin` before marginWeight, `layers` before their weights.
   * @throws ArgumentError for bad data, before anything is computed.
   * @example
   * const {value, grads} = tf.variableGrads(() => model.computeLoss(x, y).loss);
   */
  computeLoss(x: Data, y: Data, {training = true}: {training?: boolean} = {}): LargeMarginLoss {
    this.checkData(x, y, 'anyForm');
    const xs = toList(CALLER, 'x', x, this.inputNames);
    const ys = toList(CALLER, 'y', y, this.outputNames);
    const isUserTape = isTapeLive();
    return onLiveTape(() => this.measure(xs, ys, [], training, isUserTape).terms);
  }

  /**
   * Measures how far each example is from its boundary with each of its topK rivals, at each margin layer.
   *
   * @param x Inputs, as for `predict`: [examples, ...] for each input.
   * @param y Labels, one-hot or class indices; without them the predicted class stands for the label.
   * @param args `batchSize` (default 32): how many examples are run at once.
   * @returns By margin layer, signed distances [examples, topK], to dispose of; negative: misclassified.
   * @throws ArgumentError for bad data.
   */
  distances(x: Data, y?: Data, {batchSize = 32}: {batchSize?: number} = {}): Record<string, Tensor2D> {
    const xs = toList(CALLER, 'x', x, this.inputNames);
    checkInputs(CALLER, xs, this);
    const isCount = Number.isInteger(batchSize) && batchSize > 0;
    check(isCount, CALLER, 'batchSize', 'to be an integer > 0', batchSize);
    const size = xs[0].shape[0];
    const labels = y && readTargets(CALLER, toList(CALLER, 'y', y, this.outputNames), size, this.plan);
    return measureDistances(this.baseModel, this.plan, xs, batchSize, labels);
  }

  override summary(
    lineLength?: number,
    positions?: number[],
    printFn: (message?: unknown) => void = console.log,
  ): void {
    super.summary(lineLength, positions, printFn);
    printMarginLayers(this, this.plan, printFn);
  }

  override getConfig(): serialization.ConfigDict {
    checkOwnClass(LargeMarginModel);
    const {name, baseModel: base, options, stream} = this;
    return modelToConfig({name, base, options, stream});
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
    customObjects: serialization.ConfigDict = {},
    fastWeightInit = false,
  ): T {
    checkVersion(LargeMarginModel, config.version);
    const Model = cls as unknown as typeof LargeMarginModel;
    const make = (base: LayersModel, options: LargeMarginModelOptions) => new Model(base, options);
    const {model, stream} = modelFromConfig(config, customObjects, fastWeightInit, make);
    Object.assign(model.stream, stream);
    return model as unknown as T;
  }

  /** Checks all data of a training before its first step, and adds weights of examples, which tfjs does not support. */
  protected override async standardizeUserData(
    ...args: Parameters<LayersModel['standardizeUserData']>
  ): Promise<[Tensor[], Tensor[], Tensor[]]> {
    const [x, y, sampleWeight, ...rest] = args;
    this.checkData(x, y);
    const [{shape}] = toList(CALLER, 'x', x, this.inputNames);
    const weights =
      sampleWeight && readSampleWeights(CALLER, sampleWeight as Data, shape[0], this.outputNames);
    const [xs, ys, classWeights] = await super.standardizeUserData(x, y, undefined, ...rest);
    return [xs, ys, weights ? combineWeights(weights, classWeights) : classWeights];
  }

  protected override getTrainingConfig(): ReturnType<LayersModel['getTrainingConfig']> {
    checkSavable(this.labelLosses);
    return super.getTrainingConfig();
  }

  protected override makeTrainFunction(): (data: Tensor[]) => Scalar[] {
    return data =>
      this.onBatch(data, (xs, ys, weights) => {
        const measured = () => this.measure(xs, ys, weights, true);
        const reported = trainModel(this, this.optimizer_, measured, this.reporter(ys));
        // A LargeMarginOptimizer may end the training.
        if ((this.optimizer_ as {stopped?: boolean}).stopped) this.stopTraining = true;
        return reported;
      });
  }

  /** One forward pass and all terms of the loss, on the live tape. */
  private measure(
    xs: Tensor[],
    ys: Tensor[],
    exampleWeights: Tensor[],
    training: boolean,
    isUserTape = training,
  ): MeasuredLoss {
    const changes: Partial<ResolvedOptions> = training
      ? {seed: stepSeed(this.stream.seed, this.stream.steps), step: this.stream.steps}
      : // A value alone is the same to first order, and cheaper; a user's tape may want its gradient.
        {rivals: 'top', step: this.stream.steps, ...(isUserTape ? {} : {gradient: 'firstOrder'})};
    const plan = {...this.plan, options: {...this.plan.options, ...changes}};
    const onDistances = (distances: Record<string, Tensor2D>) => {
      if (training) this.watch.note(distances, this.stream.steps);
    };
    const {lossFunctions: functions} = internalsOf(this);
    const labelLosses = {losses: this.labelLosses, functions, exampleWeights, onDistances};
    const regularizers = () => this.calculateLosses();
    const measured = measureLoss(this.baseModel, plan, xs, ys, training, labelLosses, regularizers);
    if (training) this.stream.steps++;
    return measured;
  }

  private reporter(ys: Tensor[]): (measured: MeasuredLoss) => Scalar[] {
    return measured => reportedScalars(measured, ys, internalsOf(this).metricsTensors);
  }

  /** Splits what tfjs hands to a training or test function into inputs, labels and weights, and checks it. */
  private onBatch(
    data: Tensor[],
    run: (xs: Tensor[], ys: Tensor[], weights: Tensor[]) => Scalar[],
  ): Scalar[] {
    const [from, to] = [this.inputs.length, this.inputs.length + this.outputs.length];
    const [xs, ys] = [data.slice(0, from), data.slice(from, to)];
    try {
      if (this.data !== 'checked') this.checkData(xs, ys);
      return run(xs, ys, data.slice(to));
    } catch (error) {
      // tfjs disposes of a dataset's batch after the step, but not when the step throws.
      if (this.data === 'dataset') dispose(data);
      throw error;
    }
  }

  private get labelLosses(): unknown[] {
    return lossesByOutput(internalsOf(this).loss, this.outputNames);
  }

  private checkData(x: Data, y: Data, labels: 'asCompiled' | 'anyForm' = 'asCompiled'): void {
    const form = labels === 'anyForm' ? undefined : labelFormOf(this.labelLosses[this.plan.outputIndex]);
    const xs = toList(CALLER, 'x', x, this.inputNames);
    checkInputs(CALLER, xs, this);
    readTargets(CALLER, toList(CALLER, 'y', y, this.outputNames), xs[0].shape[0], this.plan, form);
  }

  private async withData<T>(data: DataState, run: () => Promise<T>): Promise<T> {
    const before = this.data;
    this.data = data;
    try {
      return await run();
    } finally {
      this.data = before;
    }
  }
}
