import * as tf from '@tensorflow/tfjs-core';
import type {Classifier} from '../../../src/index.js';

/** A net to be attacked, made on the engine that is there. */
export interface AttackedNet {
  classifier: Classifier;
  x: tf.Tensor;
  labels: number[];
  dispose(): void;
}

/** Numbers without any pattern that an attack could live on, the same on every engine. */
const values = (shape: number[], seed: number, scale = 1) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from(
      {length: size},
      (_, i) => scale * Math.sin(12.9898 * (i + 1) * (seed + 1) + seed * 78.233),
    ),
    shape,
  );
};

const EXAMPLES = 7;

/** A convolution, a relu and a dense layer. */
function convNet(
  height: number,
  width: number,
  channels: number,
  filters: number,
  classes: number,
): AttackedNet {
  const kernel = values([2, 2, channels, filters], 1) as tf.Tensor4D;
  const dense = values([height * width * filters, classes], 2, 0.7) as tf.Tensor2D;
  const classifier: Classifier = x =>
    tf.tidy(() => {
      const hidden = tf.relu(tf.conv2d(x as tf.Tensor4D, kernel, 1, 'same'));
      return tf.matMul(tf.reshape(hidden, [x.shape[0], -1]) as tf.Tensor2D, dense);
    });
  const x = tf.tidy(() => tf.add(0.5, values([EXAMPLES, height, width, channels], 3, 0.5)));
  return attacked(classifier, x, [kernel, dense]);
}

/** One number in: three classes side by side. */
function oneValue(): AttackedNet {
  const centres = tf.tensor2d([[0.2, 0.5, 0.8]]);
  const classifier: Classifier = x => tf.tidy(() => tf.mul(tf.square(tf.sub(x, centres)), -10));
  const x = tf.tensor2d([0.05, 0.1, 0.3, 0.45, 0.6, 0.9, 1], [EXAMPLES, 1]);
  return attacked(classifier, x, [centres]);
}

function attacked(classifier: Classifier, x: tf.Tensor, weights: tf.Tensor[]): AttackedNet {
  const labels = tf.tidy(() => Array.from(tf.argMax(classifier(x), 1).dataSync()));
  return {classifier, x, labels, dispose: () => tf.dispose([x, ...weights])};
}

/** Shapes that engines keep in different ways: webgl puts two columns in a texel, of an odd number one is padding. */
export const nets: Record<string, () => AttackedNet> = {
  'even sizes': () => convNet(4, 4, 2, 4, 4),
  'odd sizes': () => convNet(5, 3, 1, 3, 5),
  'one value': oneValue,
};
