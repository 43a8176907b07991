import './register.js';

export {ArgumentError, largeMarginLoss, presets, RandomStream, secondOrder} from '../src/index.js';
export type {LargeMarginLoss, MarginLayer, MarginOptions, Norm, RobustArgs} from '../src/index.js';
export {LargeMarginModel} from './large_margin_model.js';
export type {LargeMarginModelOptions} from './margin_plan.js';
