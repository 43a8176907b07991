import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {
  FLOAT,
  isNative,
  nativeBackend,
  runOnIds,
  runOp,
} from '../../../../plugin/kernels/node/native_backend.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

describe('an operation of TensorFlow, called by its name', () => {
  it('takes attributes of every kind', () => {
    expect(isNative()).toBe(true);
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const attributes = {
      T: FLOAT,
      ksize: [1, 2, 2, 1],
      strides: [1, 2, 2, 1],
      padding: 'VALID',
      data_format: 'NHWC',
    };
    const [pooled] = expectNoLeak(() => runOp('AvgPool', attributes, [x]));
    expect(Array.from(pooled.dataSync())).toEqual([2.5]);
    const [leaky] = runOp('LeakyRelu', {T: FLOAT, alpha: {float: 0.5}}, [tf.neg(x)]);
    expect(Array.from(leaky.dataSync())).toEqual([-0.5, -1, -1.5, -2]);
    const sizes = tf.tensor1d([0], 'int32');
    const [sum] = runOp('Sum', {T: FLOAT, keep_dims: true}, [x, sizes]);
    expect(sum.shape).toEqual([1, 2, 2, 1]);
  });

  it('has as many outputs as are asked for', () => {
    const [x, k] = [tf.tensor1d([3, 1]), tf.scalar(1, 'int32')];
    const outputs = expectNoLeak(() => runOp('TopKV2', {T: FLOAT, sorted: true}, [x, k], 2));
    expect(outputs.map(t => t.dataSync()[0])).toEqual([3, 0]);
  });

  it("throws TensorFlow's words where there is no such operation", () => {
    expect(() => runOp('NoSuchOperation', {}, [])).toThrow('NoSuchOperation');
  });

  it('leaves alone what tfjs does not know of', () => {
    const x = tf.tensor1d([1, 2]);
    const [output] = runOnIds('Neg', {T: FLOAT}, nativeBackend().getInputTensorIds([x]), 1);
    expect(output.shape).toEqual([2]);
    nativeBackend().binding.deleteTensor(output.id);
  });
});
