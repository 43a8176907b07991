import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {makeStep, sampleStep, updateVariables} from '../../../../plugin/kernels/wasm/optimizer_kernel.js';
import type {WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {startWasmOn} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

describe('the kernel of an optimizer step', () => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await startWasmOn('simd');
  });

  it('gets a place for each input but the gradient, and says which input does not fit', () => {
    const [value, gradient, slot] = [tf.ones([2, 3]), tf.ones([2, 3]), tf.ones([2, 3])];
    const names = ['value', 'gradient', 'slot'];
    const seen: unknown[] = [];
    const made = makeStep(backend, 'Step', {value, gradient, slot}, names, (size, from, to) =>
      seen.push(size, Object.keys(from), to.length),
    );
    expect(seen).toEqual([6, names, 2]);
    expect(made.map(({shape}) => shape)).toEqual([
      [2, 3],
      [2, 3],
    ]);
    for (const {dataId} of made) backend.disposeData(dataId);
    expectNothingHeld(backend, () => {
      const inputs = {value, gradient, slot: tf.ones([3])};
      expect(() => makeStep(backend, 'Step', inputs, names, () => {})).toThrow(
        'Step: expected slot to be float32 [2,3], got float32 [3]',
      );
      inputs.slot.dispose();
    });
  });

  it('has its results assigned to the variables, in their order', () => {
    const variables = {value: tf.variable(tf.tensor1d([5])), accumulation: tf.variable(tf.tensor1d([3]))};
    const inputs = {gradient: tf.tensor1d([1]), rate: tf.scalar(-2), momentum: tf.scalar(10)};
    const attrs = {useNesterov: false};
    expectNoLeak(() => tf.tidy(() => updateVariables('LargeMarginMomentum', variables, inputs, attrs)));
    // 10 * 3 + 1 = 31; 5 - 2 * 31 = -57.
    expect(variables.accumulation.dataSync()[0]).toBe(31);
    expect(variables.value.dataSync()[0]).toBe(-57);
  });

  it('is compared on odd sizes and odd gradients', () => {
    const samples = tf.tidy(() =>
      sampleStep('LargeMarginSGD', ['value', 'gradient'], {rate: tf.scalar(-1)}, {}).map(t => ({
        shape: t.shape,
        odd: Array.from(t.dataSync()).filter(x => !Number.isFinite(x)),
      })),
    );
    expect(samples.map(({shape}) => shape)).toEqual([[3, 7], [2], [5]]);
    expect(samples[2].odd).toEqual([NaN, -Infinity]);
  });

  it('takes variables without values', () => {
    const v = tf.variable(tf.zeros([0, 3]));
    const optimizer = tf.train.rmsprop(0.1);
    optimizer.applyGradients([{name: v.name, tensor: tf.zeros([0, 3])}]);
    expect(v.shape).toEqual([0, 3]);
  });
});
