import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {readTensors, writeTensors} from '../../../plugin/training/tensor_file.js';
import type {Json} from '../../../plugin/callbacks/resumable_callback.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

const named = [
  {
    name: 'a',
    tensor: tf.tensor2d([
      [1, NaN],
      [-0, Infinity],
    ]) as tf.Tensor,
  },
  {name: 'b', tensor: tf.tensor1d([2 ** 31 - 1, -5], 'int32')},
  {name: 'same', tensor: tf.tensor1d([true, false, true], 'bool')},
  {name: 'same', tensor: tf.zeros([0, 3])},
  {name: '__proto__', tensor: tf.scalar(1e-45)},
];

/** The bits of tensors. */
function bitsOf(list: Array<{name: string; tensor: tf.Tensor}>) {
  return list.map(({name, tensor}) => {
    const {buffer, byteOffset, byteLength} = tensor.dataSync();
    return [name, tensor.dtype, tensor.shape, [...new Uint8Array(buffer, byteOffset, byteLength)]];
  });
}

describe('writeTensors and readTensors', () => {
  it('keep every bit, names that are there twice, and the order', async () => {
    const read = await expectNoLeakAsync(async () => {
      const {specs, bytes} = await writeTensors('test', named);
      // 4 float32, 2 int32, 3 bool, none, 1 float32.
      expect(bytes.length).toBe(16 + 8 + 3 + 4);
      const json = JSON.parse(JSON.stringify(specs)) as Json;
      return readTensors('test', 'file', {specs: json, bytes});
    });
    expect(bitsOf(read)).toEqual(bitsOf(named));
    tf.dispose(read.map(({tensor}) => tensor));
  });

  it('keep the payload of a NaN', async () => {
    const bits = new Int32Array([0x7fc00123]);
    const {specs, bytes} = await writeTensors('test', [
      {name: 'nan', tensor: tf.tensor1d(new Float32Array(bits.buffer))},
    ]);
    expect(new Int32Array(bytes.slice().buffer)).toEqual(bits);
    const [{tensor}] = readTensors('test', 'file', {specs, bytes});
    expect(new Int32Array(tensor.dataSync().slice().buffer)).toEqual(bits);
  });

  it('write nothing at all as no bytes', async () => {
    const file = await writeTensors('test', []);
    expect([file.specs, file.bytes.length]).toEqual([[], 0]);
    expect(readTensors('test', 'file', file)).toEqual([]);
  });

  it('read bytes that lie anywhere in a buffer', async () => {
    const {specs, bytes} = await writeTensors('test', named);
    const shifted = new Uint8Array(bytes.length + 7);
    shifted.set(bytes, 3);
    const read = readTensors('test', 'file', {specs, bytes: shifted.subarray(3, 3 + bytes.length)});
    expect(bitsOf(read)).toEqual(bitsOf(named));
    tf.dispose(read.map(({tensor}) => tensor));
  });

  it('refuse strings and complex numbers before anything is written', async () => {
    const text = {name: 'text', tensor: tf.tensor1d(['a'])};
    await expectRefusal(
      () => writeTensors('test', [...named, text]),
      'text',
      'test',
      'float32, int32, bool',
      'string',
    );
  });

  it('refuse each other number of bytes', async () => {
    const {specs, bytes} = await writeTensors('test', named);
    for (let length = 0; length < bytes.length; length++) {
      const short = bytes.subarray(0, length);
      await expectRefusal(
        () => readTensors('test', 'x.bin', {specs, bytes: short}),
        'x.bin',
        '31 bytes',
        `${length}`,
      );
    }
    const long = new Uint8Array(bytes.length + 1);
    await expectRefusal(() => readTensors('test', 'x.bin', {specs, bytes: long}), 'x.bin', '31 bytes', '32');
  });

  it.each<[string, Json]>([
    ['nothing', null],
    ['an object', {a: 1}],
    ['a tensor without a name', [{shape: [1], dtype: 'float32'}]],
    ['a tensor without a shape', [{name: 'a', dtype: 'float32'}]],
    ['a shape of no numbers', [{name: 'a', shape: [null], dtype: 'float32'}]],
    ['a negative size', [{name: 'a', shape: [-1], dtype: 'float32'}]],
    ['a dtype of others', [{name: 'a', shape: [1], dtype: 'complex64'}]],
    ['null among tensors', [null]],
  ])('refuse %s for a list of tensors', async (_, specs) => {
    const bytes = new Uint8Array(4);
    await expectRefusal(() => readTensors('test', 'x.bin', {specs, bytes}), 'x.bin', 'a list of its tensors');
  });
});
