import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it, vi, type MockInstance} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {THREADS_FLAG} from '../../plugin/kernels/wasm/start_threads.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {expectAllRunOn} from '../support/wasm_calls.js';
import {startWasmOn} from '../support/wasm_engine.js';

const {Memory} = WebAssembly;
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

describe('the wasm kernels beside the rest of tfjs', () => {
  let warn: MockInstance<typeof console.warn>;
  beforeEach(async () => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await startWasmOn('simd');
  });
  afterEach(() => {
    WebAssembly.Memory = Memory;
    warn.mockRestore();
  });
  const lines = () => warn.mock.calls.map(call => call.join(' '));

  it('try nothing out on another backend: cpu beside cpu would prove nothing', async () => {
    await tf.setBackend('cpu');
    expect(() => wasmKernelReport()).toThrow("await tf.setBackend('wasm')");
    await tf.setBackend('wasm');
    expectAllRunOn('simd');
    expect(lines()).toEqual([]);
  });

  it('leave a clone or cast of a reshaped bias fit for the fused kernels of tfjs', () => {
    const x = tf.ones([1, 2, 2, 1]) as tf.Tensor4D;
    const filter = tf.ones([1, 1, 1, 3]) as tf.Tensor4D;
    const row = tf.reshape(tf.tensor2d([[1, 2, 3]]), [3]);
    for (const bias of [tf.clone(row), tf.cast(row, 'float32')]) {
      const conv = expectNoLeak(() => tf.fused.conv2d({x, filter, strides: 1, pad: 'valid', bias}));
      expect(values(conv)).toEqual([2, 3, 4, 2, 3, 4, 2, 3, 4, 2, 3, 4]);
      const a = tf.ones([2, 2]) as tf.Tensor2D;
      const product = tf.fused.matMul({a, b: tf.ones([2, 3]) as tf.Tensor2D, bias});
      expect(values(product)).toEqual([3, 4, 5, 3, 4, 5]);
    }
  });

  it('run on one thread, in one line, where the machine gives no shared memory', async () => {
    const before = tf.env().getNumber(THREADS_FLAG);
    tf.env().set(THREADS_FLAG, 2);
    WebAssembly.Memory = new Proxy(Memory, {
      construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
        if (descriptor.shared) throw new RangeError('could not allocate memory');
        return new target(descriptor);
      },
    });
    await startWasmOn('simd');
    expectAllRunOn('simd');
    expect(lines()).toEqual([
      'tfjs-large-margin/wasm: gradients run on one thread, which is slower: could not allocate memory',
    ]);
    tf.env().set(THREADS_FLAG, before);
  });

  it('give the mean of no examples a slope of no examples', () => {
    const x = tf.zeros([0, 3, 2]);
    const slope = expectNoLeak(() => tf.grad(x => tf.sum(tf.mean(x, 0)))(x));
    expect(slope.shape).toEqual([0, 3, 2]);
  });

  it('are tried out in the debug mode of tfjs as well, and show NaN slopes of batch normalization there', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    tf.env().set('DEBUG', true);
    try {
      expectAllRunOn('simd');
      const [mean, variance, scale] = [tf.zeros([2]), tf.ones([2]), tf.ones([2])];
      const x = tf.ones([2, 1, 1, 2]) as tf.Tensor4D;
      const slope = tf.grad((offset: tf.Tensor) =>
        tf.batchNorm(
          x,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
        ),
      );
      expect(values(slope(tf.zeros([2]), tf.fill(x.shape, NaN)))).toEqual([NaN, NaN]);
    } finally {
      tf.env().set('DEBUG', false);
      // What is timed is printed a moment later.
      await tf.nextFrame();
      log.mockRestore();
    }
    expect(lines().filter(line => line.includes('operations'))).toEqual([]);
  });
});
