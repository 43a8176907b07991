import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {expectClose} from '../support/expect_close.js';
import {seeded} from '../support/tiny_models.js';

describe('average pooling on cpu, whose gradient tfjs has wrong where it is padded,', () => {
  it.each(['exact', 'firstOrder'] as const)(
    'is as far from its boundary as its weights say (%s)',
    gradient => {
      expect(tf.getBackend()).toBe('cpu');
      const pool = layers.averagePooling2d({inputShape: [3, 3, 1], poolSize: 2, strides: 2, padding: 'same'});
      const base = seeded(sequential({layers: [pool, layers.flatten(), layers.dense({units: 2})]}), 3);
      const x = tf.tensor4d([0.3, -1, 2, 0.5, 0.1, -2, 1, 0.7, -0.4], [1, 3, 3, 1]);
      const labels = tf.tensor1d([0], 'int32');
      const model = new LargeMarginModel(base, {gamma: 1, layers: 'input', gradient});
      const {input} = model.distances(x, labels);
      // The gap is w . pooled + b; windows of 4, 2, 2 and 1 pixels: its gradient has w/4 four times, w/2 twice, ...
      const [kernel, bias] = base.getWeights().map(t => t.dataSync());
      const w = [0, 1, 2, 3].map(i => kernel[2 * i] - kernel[2 * i + 1]);
      const norm = Math.sqrt(w[0] ** 2 / 4 + w[1] ** 2 / 2 + w[2] ** 2 / 2 + w[3] ** 2);
      const pooled = [(0.3 - 1 + 0.5 + 0.1) / 4, (2 - 2) / 2, (1 + 0.7) / 2, -0.4];
      const gap = pooled.reduce((sum, p, i) => sum + w[i] * p, bias[0] - bias[1]);
      expectClose(input.dataSync(), [gap / (norm + 1e-6)], 1e-5);
      tf.dispose([x, labels, input]);
    },
  );
});
