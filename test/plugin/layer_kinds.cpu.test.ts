import {getBackend} from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/large_margin_model.js';
import {expectRefusal} from '../support/expect_no_leak.js';

describe('average pooling on cpu, whose gradient tfjs has wrong where it is padded,', () => {
  const net = (padding: 'same' | 'valid', poolSize = 2) =>
    sequential({
      layers: [
        layers.averagePooling2d({inputShape: [6, 6, 1], poolSize, strides: 2, padding, name: 'pool'}),
        layers.flatten(),
        layers.dense({units: 3}),
      ],
    });

  it('is refused by name in exact mode', async () => {
    expect(getBackend()).toBe('cpu');
    const padded = net('same', 3);
    await expectRefusal(() => new LargeMarginModel(padded, {gamma: 1}), 'gradient', 'pool', 'cpu backend');
  });

  it('is taken where nothing is padded', () => {
    for (const base of [net('valid'), net('same'), net('valid', 3)]) {
      expect(() => new LargeMarginModel(base, {gamma: 1})).not.toThrow();
    }
  });
});
