import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {mendTape} from '../../../../src/distance/mended_nodes.js';
import {isProvenRight} from '../../../../src/distance/mends/proofs.js';
import '../../../../plugin/kernels/wasm/index.js';
import {allCases} from '../../../contract/slopes/cases.js';
import {testSlopes} from '../../../contract/slopes/suite.js';
import {kernelsRunBy} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';

// Depthwise convolutions too, which tfjs alone cannot differentiate on wasm.
testSlopes(allCases);

describe('mendTape, where the kernels of tfjs-large-margin/wasm are registered', () => {
  const kernelsOf = (f: (x: tf.Tensor4D) => tf.Tensor, prepare: () => void) => {
    const x = randomTensor<tf.Tensor4D>([2, 5, 5, 3], 1);
    const loss = (x: tf.Tensor) => {
      const y = f(x as tf.Tensor4D);
      prepare();
      return tf.sum(y);
    };
    const names = kernelsRunBy(() => tf.tidy(() => tf.grad(loss)(x)));
    x.dispose();
    return names;
  };

  it.each([
    ['max pools', (x: tf.Tensor4D) => tf.maxPool(x, 3, 2, 'same')],
    ['average pools', (x: tf.Tensor4D) => tf.avgPool(x, 3, 2, 'same')],
  ])('leaves the gradient of %s to them: no other kernel runs', (_, f) => {
    for (const name of [tf.MaxPoolGrad, tf.AvgPoolGrad]) expect(isProvenRight(name, 'wasm')).toBe(true);
    const alone = kernelsOf(f, () => {});
    expect(alone.some(name => name.endsWith('PoolGrad'))).toBe(true);
    expect(kernelsOf(f, mendTape)).toEqual(alone);
  });
});
