import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

describe.each(WAYS)('Identity on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(tf.Identity, way));

  it.each(['float32', 'int32', 'bool'] as const)('is the same tensor once more, %s', dtype => {
    const x = tf.tensor2d([1, 0, 1, 1], [2, 2], dtype);
    const copy = expectNoLeak(() => tf.clone(x));
    expect([copy.dtype, copy.shape]).toEqual([dtype, [2, 2]]);
    expect(copy.dataId === x.dataId).toBe(way !== 'operations');
    x.dispose();
    expect(Array.from(copy.dataSync())).toEqual([1, 0, 1, 1]);
    copy.dispose();
  });

  it('copies strings as tfjs does', () => {
    expect(tf.clone(tf.tensor1d(['a', 'b'])).dataSync()).toEqual(['a', 'b']);
  });

  it('keeps its values when what it was made of is assigned anew, trains a convolution, or moves away', async () => {
    const filter = tf.variable(tf.ones([1, 1, 1, 1]) as tf.Tensor4D);
    const x = tf.ones([1, 2, 2, 1]) as tf.Tensor4D;
    const convolved = (by: tf.Tensor4D) => Array.from(tf.tidy(() => tf.conv2d(x, by, 1, 'same').dataSync()));
    const copy = tf.clone(filter) as tf.Tensor4D;
    expect(convolved(copy)).toEqual([1, 1, 1, 1]);
    filter.assign(tf.fill([1, 1, 1, 1], 5));
    expect(convolved(filter as tf.Tensor4D)).toEqual([5, 5, 5, 5]);
    expect(convolved(copy)).toEqual([1, 1, 1, 1]);
    const twice = tf.clone(copy);
    await tf.setBackend('cpu');
    expect(Array.from(tf.add(copy, 1).dataSync())).toEqual([2]);
    await tf.setBackend('wasm');
    expect(Array.from(tf.add(twice, 2).dataSync())).toEqual([3]);
    tf.dispose([filter, x, copy, twice]);
  });
});
