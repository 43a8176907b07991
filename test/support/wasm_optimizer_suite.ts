import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {expectNoLeak, expectNoLeakAsync} from './expect_no_leak.js';
import {kernelsRunBy} from './native_kernels.js';
import {
  disposeWhole,
  expectSameResults,
  runOptimizer,
  writeAndRestore,
  type Interruption,
} from './optimizer_runs.js';
import {expectRunsOn} from './wasm_calls.js';
import {startWasmOn, WAYS} from './wasm_engine.js';

/**
 * What the faster step of every optimizer is asked for on wasm.
 *
 * @param name Of the kernel.
 * @param optimizers By what is special about them.
 */
export function testWasmOptimizer(name: string, optimizers: Record<string, () => tf.Optimizer>): void {
  const cases = Object.entries(optimizers);

  describe.each(WAYS)(`${name} on %s`, way => {
    beforeAll(async () => void (await startWasmOn(way)));

    describe.each(cases)('%s', (_, make) => {
      it('runs there', () => expectRunsOn(name, way));

      it('does what tfjs does, for 20 steps', () => expectSameRuns(make, 20));

      it('goes on from slots that were saved, and from values that a user wrote', () =>
        expectSameRuns(make, 12, writeAndRestore));

      it('writes to no value that somebody else has, and leaves no tensor behind', async () => {
        await expectNoLeakAsync(() => runOptimizer(make, 2));
        const v = tf.variable(tf.ones([2, 3]));
        const [copy, before] = [tf.clone(v), v.dataId];
        const gradients = [{name: v.name, tensor: tf.ones([2, 3])}];
        const optimizer = make();
        optimizer.applyGradients(gradients);
        expect(Array.from(copy.dataSync())).toEqual([1, 1, 1, 1, 1, 1]);
        expect(v.dataId).not.toBe(before);
        expectNoLeak(() => optimizer.applyGradients(gradients));
        if (way === 'simd') {
          const names = kernelsRunBy(() => optimizer.applyGradients(gradients));
          expect(names).toContain(name);
          expect(names).not.toContain('Add');
        }
        disposeWhole(optimizer);
        tf.dispose([v, copy, gradients[0].tensor]);
      });
    });
  });
}

/** Expects the same from the faster step and from tfjs's own, to 1e-6 of the largest. */
async function expectSameRuns(
  make: () => tf.Optimizer,
  steps: number,
  interrupt?: Interruption,
): Promise<void> {
  const stock = await runOptimizer(() => asSubclass(make()), steps, interrupt);
  expectSameResults(await runOptimizer(make, steps, interrupt), stock, 1e-6);
}

/** Subclasses keep tfjs's step. */
function asSubclass(optimizer: tf.Optimizer): tf.Optimizer {
  return Object.setPrototypeOf(
    optimizer,
    Object.create(Object.getPrototypeOf(optimizer) as object),
  ) as tf.Optimizer;
}
