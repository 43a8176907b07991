import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/index.js';
import {labelsOf} from '../../support/tiny_models.js';

describe('dropout', () => {
  it.each(['exact', 'firstOrder'] as const)(
    'has one mask for the scores and for their gradient (%s)',
    gradient => {
      // scores = mask x . w with x = 1 and w_0 - w_1 > 0 everywhere: the gap, the sum of mask (w_0 - w_1), is also the
      // l1 norm of its gradient, so that each distance in l_inf is 1. With two masks it would be anything.
      const net = sequential({
        layers: [layers.dropout({rate: 0.5, inputShape: [40]}), layers.dense({units: 2, useBias: false})],
      });
      const values = Array.from({length: 40}, (_, i) => [0.01 + i / 1000, -(i % 7) / 100]);
      net.setWeights([tf.tensor2d(values)]);
      const model = new LargeMarginModel(net, {gamma: 3, norm: 'linf', layers: 'input', gradient});
      const [x, y] = [tf.ones([8, 40]), labelsOf(Array(8).fill(0), 2)];
      const {margin, crossEntropy} = model.computeLoss(x, y);
      // gamma - 1 for every example.
      expect(margin.dataSync()[0]).toBeCloseTo(2, 4);
      const again = model.computeLoss(x, y).crossEntropy;
      expect(again.dataSync()[0], 'another mask the next time').not.toBe(crossEntropy.dataSync()[0]);
    },
  );
});
