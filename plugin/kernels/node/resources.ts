import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import {forgetFinite} from './all_finite.js';
import {FLOAT, nativeBackend, runOnIds, type AttributeValue} from './native_backend.js';

/** Lets one operation of TensorFlow update variables of tfjs; the operation takes the variables first. */
export type Update = (
  operation: string,
  variables: Variable[],
  inputs: Tensor[],
  attributes?: Record<string, AttributeValue>,
) => void;

/**
 * Runs f with resources of TensorFlow through which its operations can update variables of tfjs. The variables stay
 * the place where values are kept: a resource holds one only while it is updated.
 *
 * @param count How many variables one operation updates.
 */
export function withResources(count: number, f: (update: Update) => void): void {
  // Names that come back: TensorFlow keeps what it learned of each new name for ever.
  const handles = Array.from({length: count}, (_, i) => {
    const attributes = {dtype: FLOAT, shape: {shape: []}, shared_name: `large_margin_${i}`, container: ''};
    return runOnIds('VarHandleOp', attributes, [], 1)[0].id;
  });
  try {
    f((operation, variables, inputs, attributes = {}) => {
      // First of all: to ask for an input that was put off may read a variable, and let go of it.
      const inputIds = nativeBackend().getInputTensorIds(inputs);
      const lent: Variable[] = [];
      try {
        for (const variable of variables) {
          lend(variable, handles[lent.length]);
          lent.push(variable);
        }
        const ids = [...handles.slice(0, lent.length), ...inputIds];
        runOnIds(operation, {T: FLOAT, use_locking: false, ...attributes}, ids, 0);
      } finally {
        lent.forEach((variable, i) => takeBack(variable, handles[i]));
      }
    });
  } finally {
    for (const handle of handles) {
      runOnIds('DestroyResourceOp', {ignore_lookup_error: true}, [handle], 0);
      nativeBackend().binding.deleteTensor(handle);
    }
  }
}

/** Gives a variable's values to a resource; where nobody else has them, for good, so that they need not be copied. */
function lend(variable: Variable, handle: number): void {
  const native = nativeBackend();
  const [id] = native.getInputTensorIds([variable]);
  forgetFinite(variable.dataId);
  runOnIds('AssignVariableOp', {dtype: FLOAT}, [handle, id], 0);
  if (isAlone(variable)) native.binding.deleteTensor(id);
}

function takeBack(variable: Variable, handle: number): void {
  const native = nativeBackend();
  const [value] = runOnIds('ReadVariableOp', {dtype: FLOAT}, [handle], 1);
  if (isAlone(variable)) {
    native.tensorMap.get(variable.dataId).id = value.id;
    return;
  }
  const tensor = native.createOutputTensor(value);
  variable.assign(tensor);
  tensor.dispose();
}

function isAlone(variable: Variable): boolean {
  return nativeBackend().tensorMap.get(variable.dataId).refCount === 1;
}
