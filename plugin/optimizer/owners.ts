import {util, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {check, variableByName} from '../../src/index.js';

/** The gradient of the variable of this name; without a tensor, the loss does not depend on it. */
export interface NamedGradient {
  name: string;
  tensor?: Tensor | null;
}

/**
 * The variables that gradients belong to, in their order.
 *
 * @throws ArgumentError where a variable is not registered, is there twice, or has another shape than its gradient.
 */
export function ownersOf(caller: string, gradients: NamedGradient[]): Variable[] {
  const owners = gradients.map(({name, tensor}) => {
    const owner = variableByName(name);
    check(owner !== undefined, caller, 'gradients', 'to be of registered variables', name);
    const fits = tensor == null || util.arraysEqual(tensor.shape, owner.shape);
    check(fits, caller, 'gradients', `of ${name} to have shape [${owner.shape}]`, tensor?.shape);
    return owner;
  });
  const names = new Set<string>();
  for (const {name} of gradients) {
    check(!names.has(name), caller, 'gradients', 'to have each name once', name);
    names.add(name);
  }
  return owners;
}
