import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {expectClose} from './expect_close.js';
import {expectNoLeak} from './expect_no_leak.js';
import {kernelSlopes, secondSlopes} from './kernel_slopes.js';

/** One case of a kernel: what it is run on, and the forward operation whose first derivative it is. */
export interface KernelCase {
  inputs: Record<string, tf.Tensor>;
  attrs: object;
  /** What the second derivative is taken of, and where. */
  forward: (x: tf.Tensor) => tf.Tensor;
  at: tf.Tensor;
}

export interface GradientSuite<C extends unknown[]> {
  kernel: string;
  /** What the plugin registers for it. */
  config: tf.GradConfig;
  cases: C[];
  /** What the parts of a case are, for vitest to fill in. */
  title: string;
  setUp: (...values: C) => KernelCase;
  /** How far a second derivative may be from finite differences. */
  bound: number;
}

/** What the gradient of a kernel that is linear in its inputs, and itself a gradient, is asked for. */
export function describeGradient<C extends unknown[]>(suite: GradientSuite<C>): void {
  const {kernel, config, cases, title, setUp, bound} = suite;
  const cleanUp = ({inputs, at}: KernelCase) => tf.dispose([inputs, at].flat());

  describe(`the gradient of ${kernel}`, () => {
    it('is the one that is registered', () => {
      expect(tf.getGradient(kernel)).toBe(config);
    });

    it.each(cases as unknown[][])(`agrees with finite differences: ${title}`, (...values) => {
      const made = setUp(...(values as C));
      for (const of of Object.keys(made.inputs)) {
        // Linear in each: any step is small.
        const {claimed, measured} = kernelSlopes(kernel, made.inputs, made.attrs as never, of, 4);
        expectClose([claimed], [measured], 2e-5);
      }
      cleanUp(made);
    });

    it.each(cases as unknown[][])(`makes a second derivative right: ${title}`, (...values) => {
      const made = setUp(...(values as C));
      const {claimed, measured} = secondSlopes(made.forward, made.at);
      expectClose([claimed], [measured], bound);
      cleanUp(made);
    });

    it('leaves no tensor behind', () => {
      const made = setUp(...cases[0]);
      const names = Object.keys(made.inputs);
      const run = (...of: tf.Tensor[]) => {
        const inputs = Object.fromEntries(names.map((name, i) => [name, of[i]]));
        return tf.engine().runKernel(kernel, inputs, made.attrs as never) as tf.Tensor;
      };
      tf.dispose(expectNoLeak(() => tf.grads(run)(Object.values(made.inputs))));
      cleanUp(made);
    });
  });
}
