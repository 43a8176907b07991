import type {Tensor} from '@tensorflow/tfjs-core';
import {describe, expectTypeOf, it} from 'vitest';
import {
  fgsm,
  pgd,
  type Attack,
  type AttackResult,
  type Classifier,
  type MinimumAttack,
  type PgdOptions,
} from '../../../src/index.js';

// Held by the compiler: nothing runs.
declare const net: Classifier;
declare const x: Tensor;
declare const labels: Int32Array;
declare const nearest: MinimumAttack<PgdOptions>;

const never = (f: () => unknown) => void f;

describe('the types of an attack', () => {
  it('promise one result for epsilon and a list for epsilons', () => {
    never(() => {
      expectTypeOf(fgsm(net, x, labels, {epsilon: 0.1})).toEqualTypeOf<Promise<AttackResult>>();
      expectTypeOf(fgsm(net, x, x, {epsilons: [0.1]})).toEqualTypeOf<Promise<AttackResult[]>>();
    });
  });

  it('want a radius, but not both', () => {
    never(() => {
      // @ts-expect-error: no radius
      void fgsm(net, x, labels, {});
      // @ts-expect-error: no options
      void fgsm(net, x, labels);
      // @ts-expect-error: both
      void fgsm(net, x, labels, {epsilon: 0.1, epsilons: [0.1]});
    });
  });

  it('want none from an attack that seeks the smallest perturbation', () => {
    never(() => {
      expectTypeOf(nearest(net, x, labels)).toEqualTypeOf<Promise<AttackResult>>();
      expectTypeOf(nearest(net, x, labels, {steps: 3})).toEqualTypeOf<Promise<AttackResult>>();
      expectTypeOf(nearest(net, x, labels, {epsilons: [1]})).toEqualTypeOf<Promise<AttackResult[]>>();
    });
  });

  it('take the options of their own attack only', () => {
    never(() => {
      void pgd(net, x, labels, {epsilon: 0.1, restarts: 2});
      // @ts-expect-error: an option of pgd
      void fgsm(net, x, labels, {epsilon: 0.1, restarts: 2});
      // @ts-expect-error: no such loss
      void pgd(net, x, labels, {epsilon: 0.1, loss: 'hinge'});
    });
    expectTypeOf(pgd).toEqualTypeOf<Attack<PgdOptions>>();
  });

  it('take any function of tensors for a classifier', () => {
    expectTypeOf<(x: Tensor) => Tensor>().toExtend<Classifier>();
  });
});
