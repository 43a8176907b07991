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
export {fgsm, type FgsmOptions} from './attacks/fgsm.js';
export {ifgsm, type IfgsmOptions} from './attacks/ifgsm.js';
export {momentumIfgsm, type MomentumIfgsmOptions} from './attacks/momentum_ifgsm.js';
export {pgd, type PgdOptions} from './attacks/pgd.js';
export {ArgumentError, check, checkClasses, checkFinite, checkPositive} from './checks.js';
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
export {warnOfMasking} from './warnings.js';
export type {
  Classifier,
  LargeMarginLoss,
  MarginLayer,
  MarginOptions,
  Norm,
  ResolvedLayer,
  ResolvedOptions,
} from './types.js';
