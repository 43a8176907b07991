import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {Slot} from '../../../plugin/kernels/optimizer_fields.js';
import {optimizerKernel, sampleSteps, slotAt} from '../../../plugin/kernels/optimizer_steps.js';
import type {ApplyGradients, NamedGradient} from '../../../plugin/kernels/stand_in.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

class Own extends tf.SGDOptimizer {}

describe("an optimizer's faster step", () => {
  const v = tf.variable(tf.ones([2]), true, 'optimizer_steps/v');
  const whole = tf.variable(tf.tensor1d([1, 2], 'int32'), true, 'optimizer_steps/whole');
  const gradients = [{name: v.name, tensor: tf.ones([2])}];
  const taken = (
    optimizer: tf.Optimizer,
    list: NamedGradient[] | tf.NamedTensorMap = gradients,
    isOurs = true,
  ) => {
    const roads: string[] = [];
    const stock: ApplyGradients = () => roads.push('stock');
    const kernel = optimizerKernel(
      tf.SGDOptimizer,
      () => isOurs,
      (_, targets) => {
        roads.push(`ours: ${targets.map(({value, gradient}) => `${value.name} ${gradient?.shape}`)}`);
      },
    );
    kernel.replace(stock).call(optimizer, list);
    return roads;
  };

  it('is taken for objects of the class itself, and counts as a step', () => {
    const optimizer = tf.train.sgd(0.1);
    expect(taken(optimizer)).toEqual([`ours: ${v.name} 2`]);
    expect(taken(optimizer, {[v.name]: gradients[0].tensor})).toEqual([`ours: ${v.name} 2`]);
    expect(taken(optimizer, [{name: v.name, tensor: null}])).toEqual([`ours: ${v.name} undefined`]);
    expect(optimizer.iterations).toBe(3);
  });

  it('is not taken on another backend', () => {
    expect(taken(tf.train.sgd(0.1), gradients, false)).toEqual(['stock']);
  });

  it('is not taken for a subclass, nor for what is not float32 or broadcast', () => {
    expect(taken(new Own(0.1))).toEqual(['stock']);
    expect(taken(tf.train.sgd(0.1), [...gradients, {name: whole.name}])).toEqual(['stock']);
    for (const tensor of [tf.tensor1d([1, 2], 'int32'), tf.scalar(1), tf.tensor1d([1])]) {
      expect(taken(tf.train.sgd(0.1), [{name: v.name, tensor}])).toEqual(['stock']);
    }
  });

  it('keeps slots as tfjs does: zeros under the name of the variable, made once', () => {
    const slots: Slot[] = [];
    const slot = slotAt(slots, 0, {name: v.name, value: v}, 'rms');
    expect(slots).toEqual([{originalName: `${v.name}/rms`, variable: slot}]);
    expect(Array.from(slot.dataSync())).toEqual([0, 0]);
    expect(slot.trainable).toBe(false);
    expect(slotAt(slots, 0, {name: v.name, value: v}, 'rms')).toBe(slot);
    slot.dispose();
  });

  it('is compared on steps that leave nothing behind, also where one throws', () => {
    const make = () => tf.train.adagrad(0.1);
    tf.dispose(expectNoLeak(() => tf.tidy(() => sampleSteps(make(), () => []))));
    const broken = make();
    broken.applyGradients = () => {
      throw new Error('planted');
    };
    expectNoLeak(() => {
      expect(() => tf.tidy(() => sampleSteps(broken, () => []))).toThrow('planted');
      return undefined;
    });
  });
});
