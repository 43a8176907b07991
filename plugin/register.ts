import {serialization} from '@tensorflow/tfjs-core';
import './gradients/index.js';
import {LargeMarginModel} from './large_margin_model.js';
import {LargeMarginOptimizer} from './large_margin_optimizer.js';
import {MarginRegularizer} from './margin_regularizer.js';
import {registerOwnClass} from './saved_class.js';

/** Classes that tf.loadLayersModel must find by name; their className begins with LargeMargin, for names can clash. */
const classes = [LargeMarginModel, LargeMarginOptimizer, MarginRegularizer];

for (const cls of classes) {
  registerOwnClass(cls, () => serialization.registerClass(cls as never, 'tfjs-large-margin'));
}
