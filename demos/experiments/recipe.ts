import type * as tf from '@tensorflow/tfjs';
import type {MarginOptions} from 'tfjs-large-margin';
import type {NetOptions} from '../shared/nets.js';

/** How one model is trained: plain values, one constant a model, in `recipes/`. */
export interface Recipe {
  /** Short name for tables. */
  name: string;
  /** The same in one line. */
  description: string;
  net: Omit<NetOptions, 'kind' | 'seed'>;
  /** Without it the model is trained with cross-entropy alone. */
  margin?: MarginOptions;
  optimizer: (learningRate: number) => tf.Optimizer;
  /** Falls linearly to 2 % of it over the run. */
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** Gradients are scaled down to this global norm. */
  clipNorm?: number;
}
