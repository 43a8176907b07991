import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {keptTensors} from '../../../src/distance/kept_tensors.js';

describe('keptTensors', () => {
  it('are those that the running function made and kept: none of a scope around it or within', () => {
    const before = tf.keep(tf.scalar(0));
    const [found, kept, inner] = tf.tidy(() => {
      const kept = [tf.keep(tf.scalar(1)), tf.keep(tf.square(tf.scalar(2)))];
      const inner = tf.tidy(() => [tf.keep(tf.scalar(3))]);
      tf.scalar(4);
      return [keptTensors(), kept, inner];
    });
    expect(found.map(t => t.id)).toEqual(kept.map(t => t.id));
    tf.dispose([before, kept, inner]);
  });

  it('are found while a tape is live', () => {
    const v = tf.variable(tf.scalar(2));
    let found: tf.Tensor[] = [];
    const {value, grads} = tf.variableGrads(() => {
      const metric = tf.keep(tf.square(v));
      found = keptTensors();
      expect(found).toContain(metric);
      return tf.square(v) as tf.Scalar;
    });
    expect(found).toHaveLength(1);
    tf.dispose([value, grads, v, found]);
  });
});
