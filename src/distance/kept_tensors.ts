import {engine, type Tensor} from '@tensorflow/tfjs-core';

/** What the function that runs now has made and kept (tf.keep): it outlives the function, whatever becomes of that. */
export function keptTensors(): Tensor[] {
  return engine().state.activeScope.track.filter(({kept}) => kept);
}
