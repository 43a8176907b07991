import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {callKernel, expectRunsOn} from '../../../support/wasm_calls.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

describe.each(WAYS)('Cast on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it('runs there', () => expectRunsOn(tf.Cast, way));

  it.each(['float32', 'int32', 'bool'] as const)('copies nothing where the type stays, %s', dtype => {
    const x = tf.tensor1d([1, 0, 1], dtype);
    const same = expectNoLeak(() => callKernel(tf.Cast, {x}, {dtype}));
    expect(same.dataId === x.dataId).toBe(way !== 'operations');
    expect(same.dtype).toBe(dtype);
    x.dispose();
    expect(Array.from(same.dataSync())).toEqual([1, 0, 1]);
    same.dispose();
  });

  it('converts as tfjs does', () => {
    const x = tf.tensor1d([1.5, -2.5, 0]);
    expect(Array.from(tf.cast(x, 'int32').dataSync())).toEqual([1, -2, 0]);
    expect(Array.from(tf.cast(tf.cast(x, 'int32'), 'float32').dataSync())).toEqual([1, -2, 0]);
    expect(Array.from(tf.cast(tf.tensor1d([1, 0], 'bool'), 'float32').dataSync())).toEqual([1, 0]);
  });
});
