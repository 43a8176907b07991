import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {wasmGate} from '../../../../plugin/kernels/wasm/wasm_gate.js';
import {kernelsRunBy} from '../../../support/native_kernels.js';
import {startWasmOn} from '../../../support/wasm_engine.js';

const slope = () =>
  Array.from(
    tf.tidy(() =>
      tf
        .grad(tf.relu)(tf.tensor1d([2, -2]), tf.tensor1d([3, 3]))
        .dataSync(),
    ),
  );

it("is tfjs's own gradient on another backend, and ours again on wasm", async () => {
  await tf.setBackend('cpu');
  expect(kernelsRunBy(() => expect(slope()).toEqual([3, 0]))).toContain('Step');
  await tf.setBackend('wasm');
  // Tried out.
  slope();
  expect(kernelsRunBy(() => expect(slope()).toEqual([3, 0]))).not.toContain('Step');
});

it('leaves to tfjs what is not float32', () => {
  const roads: string[] = [];
  const stock: tf.GradConfig = {kernelName: 'GateTest', gradFunc: () => (roads.push('stock'), {})};
  const {gradient} = wasmGate({name: 'GateTestGrad', of: 'GateTest', most: 1, compose: dy => dy});
  const ours = gradient!.replace(stock);
  const [whole, float] = [tf.ones([2], 'int32'), tf.ones([2])];
  for (const [dy, x] of [
    [float, whole],
    [whole, float],
  ])
    ours.gradFunc(dy, [x], {});
  expect(roads).toEqual(['stock', 'stock']);
  expect(Object.keys(ours.gradFunc(float, [float], {}))).toEqual(['x']);
  expect(roads.length).toBe(2);
});

it('stands in for a gradient that comes after it, as with tfjs-layers, once the backend starts', async () => {
  const late: tf.GradConfig = {
    kernelName: tf.Relu,
    inputsToSave: ['x'],
    gradFunc: dy => ({x: () => tf.mul(dy as tf.Tensor, 100)}),
  };
  tf.registerGradient(late);
  expect(slope()).toEqual([300, 300]);
  await startWasmOn('simd');
  expect(slope()).toEqual([3, 0]);
  const ours = tf.getGradient(tf.Relu);
  await startWasmOn('simd');
  expect(tf.getGradient(tf.Relu)).toBe(ours);
});
