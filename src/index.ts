export {ArgumentError, check, checkClasses, checkFinite, resolveOptions} from './checks.js';
export {abandonTape, onLiveTape} from './distance/live_tape.js';
export {composeLoss, largeMarginLoss, type LossExtras} from './loss/large_margin_loss.js';
export {boundaryDistances} from './loss/margin_terms.js';
export {selectLayers, type LayerSets} from './loss/select_layers.js';
export {presets, type RobustArgs} from './presets.js';
export {RandomStream, stepSeed} from './random.js';
export {oneHotLabels, readLabels} from './scores/labels.js';
export type {
  Classifier,
  LargeMarginLoss,
  MarginLayer,
  MarginOptions,
  Norm,
  ResolvedLayer,
  ResolvedOptions,
  TappedClassifier,
} from './types.js';
