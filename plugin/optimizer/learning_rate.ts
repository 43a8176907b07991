import type {Optimizer} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';

/** Where optimizers of tfjs keep their learning rate; SGD and momentum have a method, for they keep a tensor too. */
interface Fields {
  learningRate?: unknown;
  setLearningRate?: (value: number) => void;
}

/**
 * Sets the learning rate of an optimizer of tfjs, or of one built like those, for the steps to come.
 *
 * @param value A finite number >= 0.
 * @throws ArgumentError for another value, and for an optimizer without a learning rate that can be set.
 * @example
 * setLearningRate(optimizer, valueAt(schedule, step));
 */
export function setLearningRate(optimizer: Optimizer, value: number): void {
  const caller = 'setLearningRate';
  check(Number.isFinite(value) && value >= 0, caller, 'value', 'to be a finite number >= 0', value);
  if (rateOf(caller, optimizer) === value) return;
  const fields = optimizer as unknown as Fields;
  if (typeof fields.setLearningRate === 'function') fields.setLearningRate(value);
  else Reflect.set(fields, 'learningRate', value);
  const set = rateOf(caller, optimizer);
  check(set === value, caller, 'optimizer', 'to have a learning rate that can be set', set);
}

/** The learning rate of an optimizer of tfjs, or of one built like those. */
export function learningRateOf(optimizer: Optimizer): number {
  return rateOf('learningRateOf', optimizer);
}

/** Whether an optimizer has a learning rate, in the field where those of tfjs have it. */
export function hasLearningRate(optimizer: Optimizer): boolean {
  return typeof (optimizer as unknown as Fields).learningRate === 'number';
}

function rateOf(caller: string, optimizer: Optimizer): number {
  const {learningRate} = optimizer as unknown as Fields;
  const expected = 'to have a number as learningRate, like those of tf.train';
  check(hasLearningRate(optimizer), caller, 'optimizer', expected, learningRate);
  return learningRate as number;
}
