import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it, vi, type MockInstance} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {worstError} from '../support/expect_close.js';
import {weightsOf} from '../support/tiny_models.js';
import {expectAllRunOn} from '../support/wasm_calls.js';
import {hideMemory, restartWasm, startWasmOn} from '../support/wasm_engine.js';
import {convBatch, marginConvNet} from '../support/wasm_steps.js';

/** The weights of a convnet after three steps with margins. */
async function trainedWeights(): Promise<number[]> {
  const model = marginConvNet();
  model.compile({optimizer: tf.train.momentum(0.05, 0.9)});
  const [x, y] = convBatch();
  for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
  const weights = weightsOf(model).flat();
  tf.dispose([x, y]);
  model.dispose();
  return weights;
}

const {validate, Instance} = WebAssembly;
const line = (what: string, reason: string) =>
  `tfjs-large-margin/wasm: ${what} runs on tfjs's own operations, which is slower: ${reason}`;

describe('training with margins on wasm', () => {
  let warn: MockInstance<typeof console.warn>;
  let expected: number[];
  const lines = () => warn.mock.calls.map(call => call.join(' '));
  const reasons = () => new Set(wasmKernelReport().map(({runsOn, reason}) => `${runsOn}: ${reason}`));
  beforeEach(async () => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await startWasmOn('simd');
    expected = await trainedWeights();
    expect(lines()).toEqual([]);
  });
  afterEach(() => {
    Object.assign(WebAssembly, {validate, Instance});
    tf.env().set('WASM_HAS_SIMD_SUPPORT', true);
    warn.mockRestore();
  });

  /** Weights after three steps are the same but for the order of sums. */
  const expectSameTraining = async () =>
    expect(worstError(await trainedWeights(), expected)).toBeLessThan(1e-5);

  it('is the same on relaxed SIMD', async () => {
    await startWasmOn('relaxed-simd');
    await expectSameTraining();
    expectAllRunOn('relaxed-simd');
    expect(lines()).toEqual([]);
  });

  it('is the same, in one line, where a version of tfjs does not give its memory out', async () => {
    await restartWasm(hideMemory);
    await expectSameTraining();
    const reason = 'this version of tfjs keeps its memory to itself';
    expect(lines()).toEqual([line('training', reason)]);
    expect(reasons()).toEqual(new Set([`operations: ${reason}`]));
  });

  it('is the same, in one line, where tfjs and the engine have no SIMD', async () => {
    tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
    await restartWasm();
    WebAssembly.validate = () => false;
    await expectSameTraining();
    expect(lines()).toEqual([line('training', 'this engine has no SIMD')]);
    expect(reasons()).toEqual(new Set(['operations: this engine has no SIMD']));
  });

  it("is the same on the module where tfjs's own build has no SIMD", async () => {
    tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
    await restartWasm();
    await expectSameTraining();
    expectAllRunOn('simd');
    expect(lines()).toEqual([]);
  });

  it('is the same, in one line, where the engine does not start the module', async () => {
    await restartWasm();
    setInstance(() => {
      throw new WebAssembly.LinkError('memory import has no maximum limit');
    });
    await expectSameTraining();
    const reason = 'the module does not start: memory import has no maximum limit';
    expect(lines()).toEqual([line('training', reason)]);
    expect(reasons()).toEqual(new Set([`operations: ${reason}`]));
  });

  it('is the same, in a line for each kernel, where a function of the module is wrong', async () => {
    await restartWasm();
    breakModule({
      gemm:
        gemm =>
        (rows, terms, ...rest) =>
          gemm(rows, terms - 1, ...rest),
    });
    await expectSameTraining();
    const report = wasmKernelReport();
    const off = report.filter(({runsOn}) => runsOn === 'operations');
    const names = off.map(({name}) => name);
    expect(names).toEqual(expect.arrayContaining(['BatchMatMul', 'Conv2DBackpropFilter']));
    expect(names.length).toBeLessThan(report.length);
    for (const {reason} of off) expect(reason).toMatch(/^it computed .+ instead of .+/);
    expect(lines().sort()).toEqual(off.map(({name, reason}) => line(name, reason)).sort());
  });

  it('is the same, in a line for each kernel, where a function of the module stops', async () => {
    await restartWasm();
    breakModule({
      conv2DBackpropInput: () => () => {
        throw new WebAssembly.RuntimeError('unreachable');
      },
    });
    await expectSameTraining();
    expect(lines()).toEqual([line('Conv2DBackpropInput', 'unreachable')]);
  });
});

type Wrong = (right: (...numbers: number[]) => number) => (...numbers: number[]) => number;

/** Lets modules that start from now on compute something else by these names. */
function breakModule(wrong: Record<string, Wrong>): void {
  setInstance((...args) => {
    const exports = {...new Instance(...args).exports} as Record<string, never>;
    for (const [name, change] of Object.entries(wrong)) exports[name] = change(exports[name]) as never;
    return {exports};
  });
}

/** Has `new WebAssembly.Instance` give what make gives. */
function setInstance(make: (...args: ConstructorParameters<typeof Instance>) => object): void {
  function Made(...args: ConstructorParameters<typeof Instance>) {
    return make(...args);
  }
  Object.assign(WebAssembly, {Instance: Made});
}
