import {
  getGradient,
  registerGradient,
  type GradConfig,
  type NamedTensorMap,
  type Optimizer,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** A gradient of tfjs's list of them; the tensor is missing where the loss does not depend on the variable. */
export interface NamedGradient {
  name: string;
  tensor?: Tensor | null;
}

/** What an optimizer does with the gradients of one step. */
export type ApplyGradients = (this: Optimizer, gradients: NamedGradient[] | NamedTensorMap) => void;

/** Stands in for the gradient of an operation. Gradients serve all backends: on others it is to be the stock one. */
export interface GradientStandIn {
  of: string;
  replace: (stock: GradConfig) => GradConfig;
}

/** Stands in for the step of an optimizer class, on all backends likewise. */
export interface OptimizerStandIn {
  of: {prototype: object};
  replace: (stock: ApplyGradients) => ApplyGradients;
}

/**
 * Puts a gradient in place.
 *
 * @returns What takes it away; it leaves alone what somebody else has put there since.
 */
export function putGradient({of, replace}: GradientStandIn): () => void {
  const stock = getGradient(of);
  const ours = replace(stock);
  registerGradient(ours);
  return () => {
    if (getGradient(of) === ours) registerGradient(stock);
  };
}

/** The same for an optimizer's step. */
export function putOptimizer({of: {prototype}, replace}: OptimizerStandIn): () => void {
  const stock = Object.getOwnPropertyDescriptor(prototype, 'applyGradients')!;
  const value = replace(stock.value as ApplyGradients);
  Object.defineProperty(prototype, 'applyGradients', {...stock, value});
  return () => {
    const found = Object.getOwnPropertyDescriptor(prototype, 'applyGradients')!.value;
    if (found === value) Object.defineProperty(prototype, 'applyGradients', stock);
  };
}
