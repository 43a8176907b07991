export {adversarialBatch, mixBatch, resolveMixing} from './attacks/adversarial_batch.js';
export type {AdversarialOptions, MixingOptions} from './attacks/adversarial_batch.js';
export {apgd, type ApgdOptions} from './attacks/apgd.js';
export type {
  Attack,
  AttackLoss,
  AttackNorm,
  AttackProgress,
  AttackResult,
  CommonAttackOptions,
  GradientHealth,
  Labels,
  MinimumAttack,
  OneEpsilon,
  SeveralEpsilons,
} from './attacks/attack_types.js';
export {
  autoAttack,
  type AutoAttack,
  type AutoAttackOptions,
  type AutoAttackResult,
} from './attacks/auto_attack.js';
export type {AutoAttackMember} from './attacks/auto_attack_members.js';
export {deepFool, type DeepFoolOptions} from './attacks/deepfool.js';
export {fab, type FabOptions} from './attacks/fab.js';
export {fgsm, type FgsmOptions} from './attacks/fgsm.js';
export {
  gaussianNoise,
  type GaussianNoiseOptions,
  type GaussianNoiseResult,
} from './attacks/gaussian_noise.js';
export {ifgsm, type IfgsmOptions} from './attacks/ifgsm.js';
export {momentumIfgsm, type MomentumIfgsmOptions} from './attacks/momentum_ifgsm.js';
export {pgd, type PgdOptions} from './attacks/pgd.js';
export {fgsmAtSnr, signalToNoise, type FgsmAtSnrOptions, type FgsmAtSnrResult} from './attacks/snr.js';
export {square, type SquareOptions} from './attacks/square.js';
export {transfer, type AnyAttack, type TransferOptions, type TransferResult} from './attacks/transfer.js';
export {ArgumentError, check, checkClasses, checkFinite, checkKeys, checkPositive} from './checks.js';
export {digest} from './digest.js';
export {keptTensors} from './distance/kept_tensors.js';
export {mixesExamples} from './distance/leaks.js';
export {
  abandonTape,
  abandonTapeSoon,
  cloneOnTape,
  isTapeLive,
  leadsTo,
  liveTape,
  onLiveTape,
  recordedBy,
  withoutTape,
} from './distance/live_tape.js';
export {secondOrder} from './distance/second_order.js';
export {registeredVariables, variableByName} from './distance/variables.js';
export {EvaluationStateError, type EvaluationState} from './evaluation/evaluation_state.js';
export type {Figure, FigureKind, MinimumFigure, RobustnessReport} from './evaluation/figure.js';
export type {Flag, FlagId} from './evaluation/flags.js';
export type {MarginComparison} from './evaluation/margin_comparison.js';
export {steepestDirection} from './evaluation/margin_direction.js';
export {boundaryGeometry, scaleFactor, type Geometry} from './evaluation/margin_geometry.js';
export {marginPlot, type PlotSpec} from './evaluation/margin_plot.js';
export {
  describeMargins,
  type FollowedExamples,
  type LayerMargins,
  type MarginDistribution,
} from './evaluation/margin_report.js';
export type {MarginSummary} from './evaluation/margin_summary.js';
export {marginTable} from './evaluation/margin_table.js';
export {trueDistances} from './evaluation/margin_true_distance.js';
export {batchMoments, TotalVariation} from './evaluation/margin_variation.js';
export type {
  AttackEntry,
  AttackKind,
  AttackName,
  MinimumAttackName,
  ReportAttack,
} from './evaluation/named_attacks.js';
export type {FiveNumbers, Histogram} from './evaluation/quantiles.js';
export type {ReportProgress, RobustnessReportOptions} from './evaluation/report_options.js';
export {reportPlot} from './evaluation/report_plot.js';
export {reportTable} from './evaluation/report_table.js';
export {robustnessReport} from './evaluation/robustness_report.js';
export {signatureFeatures, type LayerSignature, type SignatureMargins} from './evaluation/signature.js';
export {
  fitGapPredictor,
  predictGap,
  type GapPredictor,
  type GapPredictorOptions,
} from './evaluation/signature_predictor.js';
export {logitLosses} from './evaluation/suspect_losses.js';
export {
  precisionAt,
  rankSuspects,
  type SuspectPrecision,
  type SuspectRanking,
} from './evaluation/suspect_ranking.js';
export {aggregateBatch} from './loss/aggregate.js';
export {
  composeExampleLosses,
  composeLoss,
  largeMarginLoss,
  observedLoss,
  tapeHasMargin,
  type ExampleLosses,
  type LossExtras,
} from './loss/large_margin_loss.js';
export {boundaryDistances} from './loss/margin_terms.js';
export {selectLayers, type LayerSets} from './loss/select_layers.js';
export {checkStep, resolveLayer, resolveOptions} from './options.js';
export {presets, type RobustArgs} from './presets.js';
export {RandomStream, stepSeed} from './random.js';
export {
  checkScheduled,
  isSchedule,
  schedules,
  showScheduled,
  valueAt,
  type Schedule,
  type Scheduled,
} from './schedules.js';
export {crossEntropy} from './scores/cross_entropy.js';
export {oneHotLabels, readLabels, type LabelForm} from './scores/labels.js';
export type {
  Classifier,
  LargeMarginLoss,
  MarginLayer,
  MarginOptions,
  Norm,
  ResolvedLayer,
  ResolvedOptions,
} from './types.js';
export {warnOfMasking} from './warnings.js';
