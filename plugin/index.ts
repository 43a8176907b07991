import './register.js';

export {
  ArgumentError,
  largeMarginLoss,
  presets,
  RandomStream,
  schedules,
  secondOrder,
  valueAt,
} from '../src/index.js';
export type {
  LargeMarginLoss,
  MarginLayer,
  MarginOptions,
  Norm,
  RobustArgs,
  Schedule,
  Scheduled,
} from '../src/index.js';
export {
  adversarialBatch,
  apgd,
  autoAttack,
  deepFool,
  fab,
  fgsm,
  fgsmAtSnr,
  gaussianNoise,
  ifgsm,
  momentumIfgsm,
  pgd,
  signalToNoise,
  square,
  transfer,
} from '../src/index.js';
export type {
  AdversarialOptions,
  ApgdOptions,
  Attack,
  AttackLoss,
  AttackNorm,
  AttackProgress,
  AttackResult,
  AutoAttackMember,
  AutoAttackOptions,
  AutoAttackResult,
  Classifier,
  CommonAttackOptions,
  DeepFoolOptions,
  FabOptions,
  FgsmAtSnrOptions,
  FgsmAtSnrResult,
  FgsmOptions,
  GaussianNoiseOptions,
  GaussianNoiseResult,
  GradientHealth,
  IfgsmOptions,
  Labels,
  MinimumAttack,
  MixingOptions,
  MomentumIfgsmOptions,
  OneEpsilon,
  PgdOptions,
  SeveralEpsilons,
  SquareOptions,
  TransferOptions,
  TransferResult,
} from '../src/index.js';
export {
  EvaluationStateError,
  fitGapPredictor,
  marginPlot,
  marginTable,
  precisionAt,
  predictGap,
  reportPlot,
  reportTable,
  robustnessReport,
} from '../src/index.js';
export type {
  AttackEntry,
  AttackKind,
  AttackName,
  EvaluationState,
  Figure,
  FigureKind,
  Flag,
  FlagId,
  GapPredictor,
  GapPredictorOptions,
  LayerMargins,
  LayerSignature,
  MarginComparison,
  MarginDistribution,
  MarginSummary,
  MinimumAttackName,
  MinimumFigure,
  PlotSpec,
  ReportAttack,
  ReportProgress,
  RobustnessReport,
  RobustnessReportOptions,
  SuspectPrecision,
  SuspectRanking,
} from '../src/index.js';
export {
  adversarialDataset,
  type AdversarialDatasetOptions,
  type MappableDataset,
} from './adversarial_training.js';
export {toClassifier, type ToClassifierOptions} from './classifier.js';
export type {GraphModelLike} from './classifier_graph.js';
export {earlyStopping, type EarlyStopping, type EarlyStoppingArgs} from './callbacks/early_stopping.js';
export {learningRateLogger, type LearningRateLogger} from './callbacks/learning_rate_logger.js';
export type {Json, NamedTensor, ResumableCallback} from './callbacks/resumable_callback.js';
export {NonFiniteLossError, terminateOnNaN} from './callbacks/terminate_on_nan.js';
export type {NonFiniteLoss, TerminateOnNaN, TerminateOnNaNArgs} from './callbacks/terminate_on_nan.js';
export {LargeMarginModel} from './large_margin_model.js';
export {LargeMarginOptimizer} from './large_margin_optimizer.js';
export {
  marginDistribution,
  type MarginDistributionArgs,
  type TrueDistanceArgs,
} from './margin_distribution.js';
export {marginLoss, type MarginLossFunction, type MarginLossOptions} from './margin_loss.js';
export type {LargeMarginModelOptions} from './margin_plan.js';
export {MarginRegularizer, marginRegularizer, type MarginRegularizerArgs} from './margin_regularizer.js';
export {NonFiniteError} from './optimizer/non_finite.js';
export type {LargeMarginOptimizerOptions, StepOptions} from './optimizer_options.js';
export {toPlainModel} from './plain_model.js';
export type {Observed} from './step_margin.js';
export {suggestGamma, type SuggestedLayer, type SuggestGammaArgs} from './suggest_gamma.js';
export {suspectLabels, type SuspectLabels, type SuspectLabelsArgs} from './suspect_labels.js';
export {checkpoint, restoreCheckpoint, type Checkpoint} from './training/checkpoint_callback.js';
export type {CheckpointStore, ResumableFitArgs} from './training/resumable_args.js';
export {resumableFit, type TrainingHistory} from './training/resumable_fit.js';
