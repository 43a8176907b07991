import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import {mendTape} from '../../../../src/distance/mended_nodes.js';
import {isProvenRight} from '../../../../src/distance/mends/proofs.js';
import {expectClose} from '../../../support/expect_close.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';

const stock = new Map<string, tf.KernelConfig>();
const POOLS = [tf.MaxPoolGrad, tf.AvgPoolGrad];

beforeAll(() => POOLS.forEach(name => stock.set(name, tf.getKernel(name, 'wasm'))));
afterEach(() => POOLS.forEach(name => put(stock.get(name)!)));

function put(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, 'wasm');
  tf.registerKernel(config);
}

/** Puts a kernel of this answer in place; gives the number of its calls. */
function putAnswering(kernelName: string, answer: (inputs: tf.NamedTensorMap) => number[]) {
  const kernelFunc = vi.fn(({inputs}: {inputs: tf.NamedTensorInfoMap}) => {
    const tensors = inputs as tf.NamedTensorMap;
    return tf.tensor(answer(tensors), tensors.input.shape);
  });
  put({kernelName, backendName: 'wasm', kernelFunc: kernelFunc as unknown as tf.KernelFunc});
  return kernelFunc;
}

describe('isProvenRight', () => {
  it.each(POOLS)('is not so of %s as tfjs has it', name => {
    expect(expectNoLeak(() => isProvenRight(name, 'wasm'))).toBe(false);
  });

  it('asks each kernel once, and another that takes its place again', () => {
    // What the proof expects: 3 at -1, 5 at 0.
    const right = putAnswering(tf.MaxPoolGrad, () => [0, 3, 0, 5, 0, 0, 0, 0]);
    expect(expectNoLeak(() => [1, 2, 3].map(() => isProvenRight(tf.MaxPoolGrad, 'wasm')))).toEqual(
      Array(3).fill(true),
    );
    expect(right).toHaveBeenCalledTimes(1);
    const wrong = putAnswering(tf.MaxPoolGrad, () => [0, 3, 0, 0, 0, 0, 0, 0]);
    expect(isProvenRight(tf.MaxPoolGrad, 'wasm')).toBe(false);
    expect(wrong).toHaveBeenCalledTimes(1);
  });

  it('is not so of one that throws or gives NaN, and leaves nothing behind', () => {
    putAnswering(tf.AvgPoolGrad, () => {
      throw new Error('not today');
    });
    expect(expectNoLeak(() => isProvenRight(tf.AvgPoolGrad, 'wasm'))).toBe(false);
    putAnswering(tf.AvgPoolGrad, () => Array<number>(9).fill(NaN));
    expect(expectNoLeak(() => isProvenRight(tf.AvgPoolGrad, 'wasm'))).toBe(false);
  });

  it('asks one that threw, as on a full heap, again', () => {
    let isFull = true;
    const kernel = putAnswering(tf.MaxPoolGrad, () => {
      if (isFull) throw new Error('no room');
      return [0, 3, 0, 5, 0, 0, 0, 0];
    });
    expect(isProvenRight(tf.MaxPoolGrad, 'wasm')).toBe(false);
    isFull = false;
    expect(isProvenRight(tf.MaxPoolGrad, 'wasm')).toBe(true);
    expect(isProvenRight(tf.MaxPoolGrad, 'wasm')).toBe(true);
    expect(kernel).toHaveBeenCalledTimes(2);
  });

  it('asks nothing of a backend that cannot be read at once, or of one without the kernel', () => {
    expect(isProvenRight(tf.MaxPoolGrad, 'webgl')).toBe(false);
    expect(isProvenRight(tf.MaxPoolGrad, 'cpu')).toBe(false);
  });
});

describe('a mended tape', () => {
  const slopeOf = (f: (x: tf.Tensor4D) => tf.Tensor, x: tf.Tensor4D) =>
    expectNoLeak(() =>
      tf.tidy(() => {
        const loss = (x: tf.Tensor) => {
          const y = f(x as tf.Tensor4D);
          mendTape();
          return tf.sum(y);
        };
        return Array.from(tf.grad(loss)(x).dataSync());
      }),
    );

  it('takes a kernel that is right as it is: once for the proof, once for the gradient', () => {
    const x = tf.tensor4d([-2, -1, -3, 0, -4, -5, -6, -7], [1, 2, 4, 1]);
    const kernel = putAnswering(tf.MaxPoolGrad, ({dy}) => {
      const [first, second] = dy.dataSync();
      return [0, first, 0, second, 0, 0, 0, 0];
    });
    expect(slopeOf(x => tf.maxPool(x, 2, 2, 'valid'), x)).toEqual([0, 1, 0, 1, 0, 0, 0, 0]);
    expect(kernel).toHaveBeenCalledTimes(2);
    x.dispose();
  });

  it('mends the kernels of tfjs as before', () => {
    const x = tf.neg(tf.ones<tf.Rank.R4>([1, 3, 3, 1])) as tf.Tensor4D;
    expectClose(
      slopeOf(x => tf.avgPool(x, 2, 2, 'same'), x),
      [0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5, 1],
      1e-6,
    );
    expect(slopeOf(x => tf.maxPool(x, 2, 2, 'same'), x).reduce((a, b) => a + b)).toBe(4);
    x.dispose();
  });
});
