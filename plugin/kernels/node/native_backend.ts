import {
  findBackend,
  getBackend,
  type DataId,
  type KernelBackend,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

/** The name under which tfjs-node registers its backend and its kernels. */
export const NATIVE = 'tensorflow';

interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

interface OpOutput {
  id: number;
  shape: number[];
  dtype: number;
}

/** The parts of tfjs-node's backend that let one call an operation of TensorFlow by its name. */
export interface NativeBackend extends KernelBackend {
  isUsingGpuDevice: boolean;
  binding: {
    TF_ATTR_STRING: number;
    TF_ATTR_INT: number;
    TF_ATTR_FLOAT: number;
    TF_ATTR_BOOL: number;
    TF_ATTR_TYPE: number;
    TF_ATTR_SHAPE: number;
    TF_FLOAT: number;
    executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): OpOutput[];
    deleteTensor(id: number): void;
  };
  tensorMap: {
    get(dataId: DataId): {id: number; refCount: number};
    set(dataId: DataId, record: {id: number; refCount: number}): void;
  };
  getInputTensorIds(tensors: TensorInfo[]): number[];
  createOutputTensor(output: OpOutput): Tensor;
}

/** The value of an attribute: the float type, a float, whole numbers, a shape, a string or a truth value. */
export type AttributeValue =
  typeof FLOAT | {float: number} | {shape: number[]} | number | number[] | string | boolean;

/** The attribute value that names the type float32. */
export const FLOAT = {type: 'float32'} as const;

export function isNative(): boolean {
  return getBackend() === NATIVE;
}

export function nativeBackend(): NativeBackend {
  return findBackend(NATIVE) as NativeBackend;
}

/** Runs an operation of TensorFlow; the caller disposes of its results. */
export function runOp(
  name: string,
  attributes: Record<string, AttributeValue>,
  inputs: TensorInfo[],
  outputs = 1,
): Tensor[] {
  const native = nativeBackend();
  return runOnIds(name, attributes, native.getInputTensorIds(inputs), outputs).map(output =>
    native.createOutputTensor(output),
  );
}

/** The same for TensorFlow's own numbers of its tensors, which tfjs does not know of. */
export function runOnIds(
  name: string,
  attributes: Record<string, AttributeValue>,
  ids: number[],
  outputs: number,
): OpOutput[] {
  const {binding} = nativeBackend();
  const list = Object.entries(attributes).map(([key, value]) => attribute(key, value));
  return binding.executeOp(name, list, ids, outputs);
}

function attribute(name: string, value: AttributeValue): Attribute {
  const {binding} = nativeBackend();
  if (typeof value === 'object' && 'type' in value) {
    return {name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT};
  }
  if (typeof value === 'string') return {name, type: binding.TF_ATTR_STRING, value};
  if (typeof value === 'boolean') return {name, type: binding.TF_ATTR_BOOL, value};
  if (typeof value === 'number' || Array.isArray(value)) return {name, type: binding.TF_ATTR_INT, value};
  if ('shape' in value) return {name, type: binding.TF_ATTR_SHAPE, value: value.shape};
  if ('float' in value) return {name, type: binding.TF_ATTR_FLOAT, value: value.float};
  return value satisfies never;
}
