import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectNoLeak, expectNoLeakAsync} from './expect_no_leak.js';
import {kernelsRunBy, withNativeKernels} from './native_kernels.js';
import {disposeWhole, expectSameRuns, runOptimizer, writeAndRestore} from './optimizer_runs.js';

/**
 * What the faster step of every optimizer is asked for.
 *
 * @param optimizers By what is special about them.
 * @param bound How far weights and slots may be from tfjs's own after 20 steps.
 */
export function describeFasterStep(
  optimizer: string,
  optimizers: Record<string, () => tf.Optimizer>,
  bound: number,
): void {
  describe.each(Object.entries(optimizers))(`${optimizer}'s faster step, %s`, (_, make) => {
    it('does what tfjs does, for 20 steps', () => expectSameRuns(make, 20, bound));

    it('goes on from slots that were saved, and from values that a user wrote', () =>
      expectSameRuns(make, 12, bound, writeAndRestore));

    it('leaves no tensor behind', async () => {
      await expectNoLeakAsync(() => runOptimizer(make, 2));
      const v = tf.variable(tf.ones([2, 3]));
      const grads = [{name: v.name, tensor: tf.ones([2, 3])}];
      const optimizer = make();
      expect(kernelsRunBy(() => optimizer.applyGradients(grads))).toContain('Add');
      withNativeKernels(() => {
        optimizer.applyGradients(grads);
        expectNoLeak(() => optimizer.applyGradients(grads));
        expect(kernelsRunBy(() => optimizer.applyGradients(grads))).not.toContain('Add');
      });
      disposeWhole(optimizer);
      tf.dispose([v, grads[0].tensor]);
    });
  });
}
