import {serialization} from '@tensorflow/tfjs-core';
import './gradients/index.js';
import {LargeMarginModel} from './large_margin_model.js';

/** Classes that tf.loadLayersModel must find by name; their className begins with LargeMargin, for names can clash. */
const classes = [LargeMarginModel];

for (const cls of classes) serialization.registerClass(cls as never, 'tfjs-large-margin');
