import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it, vi, type MockInstance} from 'vitest';
import {choiceOf, chosenKernel} from '../../../../plugin/kernels/wasm/choose_kernel.js';
import {WasmMemoryError, type WasmBackend} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import type {KernelCall, WasmKernel} from '../../../../plugin/kernels/wasm/wasm_kernel.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {callKernel} from '../../../support/wasm_calls.js';
import {hideMemory, restartWasm} from '../../../support/wasm_engine.js';

const NAME = 'TwiceKernel';

/** A kernel that doubles x, and counts how often it did it in which way. */
function twice(changes: Partial<WasmKernel> = {}) {
  const calls = {run: 0, compose: 0, sample: 0};
  const kernel: WasmKernel = {
    name: NAME,
    run: ({inputs: {x}}: KernelCall) => (calls.run++, tf.mul(x, 2)),
    compose: ({inputs: {x}}: KernelCall) => (calls.compose++, tf.add(x, x)),
    sample: () => (calls.sample++, [callKernel(NAME, {x: tf.tensor([1, 2, 3])}, {})]),
    ...changes,
  };
  tf.registerKernel(chosenKernel(kernel));
  return {kernel, calls};
}

const valuesOfTwice = () =>
  expectNoLeak(() => tf.tidy(() => Array.from(callKernel(NAME, {x: tf.tensor([4, 5])}, {}).dataSync())));

describe('the choice of what runs a kernel', () => {
  let backend: WasmBackend;
  let warn: MockInstance<typeof console.warn>;
  const lines = () => warn.mock.calls.map(([line]) => line);
  beforeEach(async () => {
    backend = await restartWasm();
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  });
  afterEach(() => {
    warn.mockRestore();
    if (tf.getKernel(NAME, 'wasm')) tf.unregisterKernel(NAME, 'wasm');
  });

  it('is the module where it computes what the operations compute, tried out once', () => {
    const {kernel, calls} = twice();
    expect(valuesOfTwice()).toEqual([8, 10]);
    expect(valuesOfTwice()).toEqual([8, 10]);
    // The sample runs both ways, then two calls run.
    expect(calls).toEqual({run: 3, compose: 1, sample: 2});
    expect(choiceOf(kernel, backend).module?.variant).toMatch(/simd/);
    expect(lines()).toEqual([]);
  });

  it('is made for each backend: another one has a memory of its own', async () => {
    const {kernel, calls} = twice();
    const first = choiceOf(kernel, backend).module;
    const second = choiceOf(kernel, await restartWasm()).module;
    expect(calls.sample).toBe(4);
    expect(second?.memory).toBeInstanceOf(WebAssembly.Memory);
    expect(second?.memory).not.toBe(first?.memory);
  });

  const thrice = ({inputs: {x}}: KernelCall) => tf.mul(x, 3);
  const wrong: Array<[string, Partial<WasmKernel>, string]> = [
    ['another value', {run: thrice}, 'it computed 3 instead of 2'],
    ['NaN', {run: ({inputs: {x}}: KernelCall) => tf.mul(x, NaN)}, 'it computed NaN instead of 2'],
    [
      'another shape',
      {run: ({inputs: {x}}: KernelCall) => tf.reshape(tf.mul(x, 2), [3, 1])},
      'it computed the shape [3,1] instead of [3]',
    ],
    [
      'a value that is off by more than its tolerance',
      {run: ({inputs: {x}}: KernelCall) => tf.mul(x, 2.0001), tolerance: 1e-6},
      // 2.0001 in float32.
      'it computed 2.0000998973846436 instead of 2',
    ],
    [
      'nothing but an error',
      {
        run: () => {
          throw new WebAssembly.RuntimeError('memory access out of bounds');
        },
      },
      'memory access out of bounds',
    ],
  ];
  it.each(wrong)(
    'is the operations where the module computes %s, in one line and right',
    (_, changes, reason) => {
      const {kernel} = twice(changes);
      expect(valuesOfTwice()).toEqual([8, 10]);
      expect(valuesOfTwice()).toEqual([8, 10]);
      expect(lines()).toEqual([
        `tfjs-large-margin/wasm: ${NAME} runs on tfjs's own operations, which is slower: ${reason}`,
      ]);
      expect(choiceOf(kernel, backend)).toEqual({module: null, reason});
    },
  );

  it('is the operations where there is no module, in one line for all kernels', async () => {
    backend = await restartWasm(hideMemory);
    const {kernel, calls} = twice();
    const reason = 'this version of tfjs keeps its memory to itself';
    expect(valuesOfTwice()).toEqual([8, 10]);
    expect(choiceOf({...kernel, name: 'OtherKernel'}, backend)).toEqual({module: null, reason});
    expect(calls).toEqual({run: 0, compose: 1, sample: 0});
    expect(lines()).toEqual([
      `tfjs-large-margin/wasm: training runs on tfjs's own operations, which is slower: ${reason}`,
    ]);
  });

  it("is tfjs's own where that is the better one on a backend, without a word", () => {
    const {kernel, calls} = twice({leave: asked => (asked === backend ? 'tfjs has threads here' : null)});
    expect(valuesOfTwice()).toEqual([8, 10]);
    const choice = {module: null, reason: 'tfjs has threads here', isTfjsBest: true};
    expect(choiceOf(kernel, backend)).toEqual(choice);
    expect(calls).toEqual({run: 0, compose: 1, sample: 0});
    expect(lines()).toEqual([]);
  });

  it('is the module where a kernel that may be left to tfjs is not', () => {
    const {kernel} = twice({leave: () => null});
    expect(valuesOfTwice()).toEqual([8, 10]);
    expect(choiceOf(kernel, backend).module?.variant).toMatch(/simd/);
  });

  it('lets what the operations throw through, and leaves nothing behind', () => {
    twice({
      compose: ({inputs: {x}}: KernelCall) => {
        tf.add(x, x);
        throw new RangeError('from the operations');
      },
    });
    const x = tf.tensor([1]);
    for (let i = 0; i < 2; i++)
      expectNoLeak(() => {
        expect(() => callKernel(NAME, {x}, {})).toThrow(new RangeError('from the operations'));
      });
    // What cannot be compared is not trusted.
    expect(lines()).toHaveLength(1);
  });

  it('lets what the module throws through when it has been chosen', () => {
    twice({
      run: ({inputs: {x}}: KernelCall) => {
        if (x.size === 1) throw new RangeError('from the module');
        return tf.mul(x, 2);
      },
    });
    expect(valuesOfTwice()).toEqual([8, 10]);
    expectNoLeak(() =>
      tf.tidy(() => {
        expect(() => callKernel(NAME, {x: tf.tensor([1])}, {})).toThrow(RangeError);
      }),
    );
    expect(valuesOfTwice()).toEqual([8, 10]);
    expect(lines()).toEqual([]);
  });

  it.each([2, 3])(
    'is put off where the heap is full: the next call tries again, be it times %i then',
    times => {
      let isFull = true;
      const {kernel} = twice({
        run: ({inputs: {x}}: KernelCall) => {
          if (isFull) throw new WasmMemoryError('full');
          return tf.mul(x, times);
        },
      });
      const x = tf.tensor([1]);
      expectNoLeak(() => {
        expect(() => callKernel(NAME, {x}, {})).toThrow(WasmMemoryError);
      });
      expect(lines()).toEqual([]);
      isFull = false;
      expect(valuesOfTwice()).toEqual([8, 10]);
      const isRight = times === 2;
      expect(choiceOf(kernel, backend).module !== null).toBe(isRight);
      expect(lines()).toHaveLength(isRight ? 0 : 1);
    },
  );

  it("hands a call on to tfjs's own kernel, which it says is missing where it is", () => {
    twice({run: ({stock}: KernelCall) => stock(), compose: ({stock}: KernelCall) => stock()});
    const x = tf.tensor([1]);
    expect(() => callKernel(NAME, {x}, {})).toThrow(`${NAME}: tfjs has no such kernel on wasm`);
    tf.unregisterKernel(NAME, 'wasm');
    const setUp = vi.fn();
    const stock = {
      kernelName: NAME,
      backendName: 'wasm',
      setupFunc: setUp,
      kernelFunc: ({inputs}: {inputs: tf.NamedTensorInfoMap}) => tf.add(inputs.x as tf.Tensor, 1),
    };
    const handsOn = {
      name: NAME,
      run: ({stock}: KernelCall) => stock(),
      compose: ({stock}: KernelCall) => stock(),
    };
    const config = chosenKernel({...handsOn, sample: () => []}, stock);
    expect(config.setupFunc).toBe(setUp);
    tf.registerKernel(config);
    expect(Array.from(callKernel(NAME, {x}, {}).dataSync())).toEqual([2]);
  });

  it('is tried out off the tape: a gradient through the first call is right', () => {
    twice();
    tf.registerGradient({kernelName: NAME, gradFunc: dy => ({x: () => tf.mul(dy as tf.Tensor, 2)})});
    const slope = tf.grad(x => callKernel(NAME, {x}, {}))(tf.tensor([4, 5]));
    expect(Array.from(slope.dataSync())).toEqual([2, 2]);
    tf.unregisterGradient(NAME);
  });
});
