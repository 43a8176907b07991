import {concat, reshape, tensor2d, tidy, type Tensor} from '@tensorflow/tfjs-core';
import {gapGradients} from '../distance/gap_gradients.js';
import {onLiveTape, withoutTape} from '../distance/live_tape.js';
import {checkWayBack} from './input_gradient.js';
import {logitsOf, withinClassifier} from './logits.js';
import type {Search} from './search.js';

/** A linear picture of a net: the logits, and the slopes of the gaps z_label - z_rival at the input. */
export interface Jacobian {
  /** [size x classes]. */
  logits: Float32Array;
  /** [rivals x size x values of an input]. */
  slopes: Float32Array;
}

/** Looks at the net in linear approximation: one pass forward, one walk back to the input for each rival. */
export async function gapJacobian(search: Search, at: Tensor, rivals: number[][]): Promise<Jacobian> {
  const {caller, classifier, classes} = search.task;
  const numbers = tidy(() => {
    const look = () =>
      onLiveTape(() => {
        const logits = logitsOf(caller, classifier, at, classes);
        const directions = withoutTape(() => directionsOf(search, rivals));
        const end = checkWayBack(caller, logits, at);
        const options = {gradient: 'firstOrder', batchStatistics: 'constant'} as const;
        return {logits, slopes: gapGradients(caller, end, {x: at}, directions, options).x};
      });
    const {logits, slopes} = withinClassifier(classifier, look);
    // Read at once: on a gpu each reading waits for all the work before it.
    return concat([logits, ...slopes].map(t => reshape(t, [-1])));
  });
  try {
    const read = (await numbers.data()) as Float32Array;
    const count = search.size * classes;
    return {logits: read.subarray(0, count), slopes: read.subarray(count)};
  } finally {
    numbers.dispose();
  }
}

/** onehot(label) - onehot(k-th rival), [size, classes], for every k. */
function directionsOf({labels, size, task: {classes}}: Search, rivals: number[][]) {
  return rivals[0].map((_, k) => {
    const rows = new Float32Array(size * classes);
    rivals.forEach((row, i) => {
      rows[i * classes + labels[i]] += 1;
      rows[i * classes + row[k]] -= 1;
    });
    return tensor2d(rows, [size, classes]);
  });
}
