import * as tf from '@tensorflow/tfjs-core';
import {onLiveTape} from '../../src/distance/live_tape.js';

/** Runs f while a tape is live, and frees what that tape holds, also when f throws. */
export function taped<T>(f: () => T): T {
  let result: T | undefined;
  onLiveTape(() => {
    result = f();
    return {};
  });
  return result as T;
}

/** Runs f on a tape that tf.grad opened, with the tensor that it differentiates by. */
export function tapedByGrad<T>(f: (x: tf.Tensor) => T): T {
  let result: T | undefined;
  const x = tf.tensor1d([0.3, -0.7]);
  const run = (x: tf.Tensor) => tf.tidy(() => ((result = f(x)), tf.sum(x) as tf.Scalar));
  tf.tidy(() => void tf.grad(run as never)(x));
  x.dispose();
  return result as T;
}
