import {util, type NamedTensorMap, type Optimizer, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import {requiredSlotFields, sharedVariables, slotFields} from './slot_fields.js';

/** A tensor of an optimizer's state, under the name by which it is saved. */
export type NamedTensor = {
  name: string;
  tensor: Tensor;
};

/** The state of an optimizer as it was saved; the tensors are those that were handed in. */
export interface SavedState {
  iterations: number;
  /** By the optimizer's fields. */
  shared: NamedTensorMap;
  /** By variables: their slots by the optimizer's fields. */
  slots: Map<string, NamedTensorMap>;
}

/** The name of the tensor that counts the steps, the first in every list. */
export const ITERATIONS = 'iter';

/** The name under which a slot is saved: no two are alike, as tfjs's own names are in Adadelta or RMSProp. */
export function slotName(variable: string, field: string): string {
  return `${variable}/${field}`;
}

/**
 * Reads and checks a saved state, and changes nothing.
 *
 * @param weights `iter` first, then what `getWeights` wrote, in any order.
 * @throws ArgumentError naming the tensor that is missing, unknown, there twice or of another shape or type.
 */
export async function readWeights(
  caller: string,
  optimizer: Optimizer,
  weights: NamedTensor[],
): Promise<SavedState> {
  const wayOut = `load what getWeights of the same kind of optimizer (${optimizer.getClassName()}) gave`;
  const expect = (ok: boolean, expected: string, got: unknown) =>
    check(ok, caller, 'weights', expected, got, wayOut);
  expect(weights[0]?.name === ITERATIONS, `to begin with ${ITERATIONS}`, weights[0]?.name);
  const names = weights.map(({name}) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  expect(twice === undefined, 'to have each name once', twice);
  const gone = weights.find(({tensor}) => tensor.isDisposed)?.name;
  expect(gone === undefined, 'not to be disposed of', gone);
  const {tensor: counter} = weights[0];
  expect(counter.size === 1, `to have a single number as ${ITERATIONS}`, counter.shape);
  const [iterations] = await counter.data<'int32'>();
  expect(Number.isInteger(iterations) && iterations >= 0, `${ITERATIONS} to count steps`, iterations);

  const shared: NamedTensorMap = {};
  const slots = new Map<string, NamedTensorMap>();
  const [sharedFields, fields] = [new Map(sharedVariables(optimizer)), slotFields(optimizer)];
  for (const {name, tensor} of weights.slice(1)) {
    const own = sharedFields.get(name);
    const at = name.lastIndexOf('/');
    const [variable, field] = [name.slice(0, at), name.slice(at + 1)];
    const known = [...sharedFields.keys(), ...fields.map(field => slotName('<variable>', field))];
    expect(own !== undefined || (at > 0 && fields.includes(field)), `to be ${known.join(', ')}`, name);
    expect(
      tensor.dtype === (own?.dtype ?? 'float32'),
      `${name} to be ${own?.dtype ?? 'float32'}`,
      tensor.dtype,
    );
    if (own) {
      expect(util.arraysEqual(tensor.shape, own.shape), `${name} to have shape [${own.shape}]`, tensor.shape);
      shared[name] = tensor;
      continue;
    }
    const others = slots.get(variable) ?? {};
    const [other = tensor] = Object.values(others);
    expect(
      util.arraysEqual(tensor.shape, other.shape),
      `all of ${variable} to have shape [${other.shape}]`,
      tensor.shape,
    );
    slots.set(variable, {...others, [field]: tensor});
  }
  const lost = [...sharedFields.keys()].find(field => !(field in shared));
  expect(lost === undefined, `to have ${lost}`, names);
  const used = fields.filter(field => [...slots.values()].some(own => field in own));
  for (const field of new Set([...requiredSlotFields(optimizer), ...used])) {
    const without = [...slots].find(([, own]) => !(field in own))?.[0];
    expect(without === undefined, `to have ${slotName(without ?? '', field)}`, 'none');
  }
  return {iterations, shared, slots};
}
