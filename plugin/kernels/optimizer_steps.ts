import {
  clone,
  dispose,
  engine,
  tensor1d,
  tensor2d,
  tidy,
  util,
  variable,
  zerosLike,
  type NamedTensorMap,
  type Optimizer,
  type Tensor,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {Slot} from './optimizer_fields.js';
import type {ApplyGradients, NamedGradient, OptimizerStandIn} from './stand_in.js';

/** One variable of a step, in the order that decides which slot is its own. */
export interface Target {
  name: string;
  value: Variable;
  /** Missing where the loss does not depend on the variable: its slots exist, its value stays. */
  gradient?: Tensor;
}

/**
 * Stands in for the step of an optimizer class, for its own objects only: a subclass gets tfjs's step, and so do
 * variables and gradients that are not float32 or differ in shape.
 *
 * @param of The class, as tfjs-core exports it.
 * @param isOurs Whether the backend is the one for which this is.
 * @param step One step on all variables.
 */
export function optimizerKernel<T extends Optimizer>(
  of: {prototype: T},
  isOurs: () => boolean,
  step: (optimizer: T, targets: Target[]) => void,
): OptimizerStandIn {
  const replace = (stock: ApplyGradients): ApplyGradients =>
    function (this: Optimizer, gradients) {
      const targets = targetsOf(gradients);
      const isPlain = Object.getPrototypeOf(this) === of.prototype;
      if (!isPlain || !isOurs() || !targets.every(fits)) {
        stock.call(this, gradients);
        return;
      }
      tidy(() => step(this as T, targets));
      (this as unknown as {incrementIterations: () => void}).incrementIterations();
    };
  return {of, replace};
}

/** The slot at this place of an optimizer's list, made with zeros where there is none yet. */
export function slotAt(slots: Slot[], i: number, {name, value}: Target, suffix: string): Variable {
  slots[i] ??= {
    originalName: `${name}/${suffix}`,
    variable: tidy(() => variable(zerosLike(value), false)),
  };
  return slots[i].variable;
}

/** Variables and slots after three steps; the loss does not depend on one of the variables in the second. */
export function sampleSteps(optimizer: Optimizer, slotsOf: (optimizer: Optimizer) => Slot[]): Tensor[] {
  const values = [variable(tensor2d([0.5, -2, 0, 3], [2, 2])), variable(tensor1d([1e-3, 7, -40]))];
  try {
    for (const step of [1, 2, 3]) {
      const gradients = [tensor2d([0.1, -step, 0, 30], [2, 2]), tensor1d([1e-4, step, -2])];
      const named = values.map(({name}, i) => ({name, tensor: gradients[i]}));
      const list: NamedGradient[] = step === 2 ? [named[0], {...named[1], tensor: null}] : named;
      optimizer.applyGradients(list as never);
      dispose(gradients);
    }
    return [...values, ...slotsOf(optimizer).map(slot => slot.variable)].map(value => clone(value));
  } finally {
    dispose(values);
    optimizer.dispose();
  }
}

/** Kernels neither convert nor broadcast; of a variable that was disposed of in mid-step tfjs's own step speaks. */
function fits({value, gradient = value}: Target): boolean {
  if (!value) return false;
  const areFloats = value.dtype === 'float32' && gradient.dtype === 'float32';
  return areFloats && util.arraysEqual(value.shape, gradient.shape);
}

function targetsOf(gradients: NamedGradient[] | NamedTensorMap): Target[] {
  const list = Array.isArray(gradients)
    ? gradients
    : Object.entries(gradients).map(([name, tensor]) => ({name, tensor}));
  return list.map(({name, tensor}) => ({
    name,
    value: engine().registeredVariables[name],
    gradient: tensor ?? undefined,
  }));
}
