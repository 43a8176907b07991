import {io, util, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import type {Json, NamedTensor} from '../callbacks/resumable_callback.js';

/** Tensors as bytes, and what is needed to read them. */
export interface TensorFile {
  specs: Json;
  bytes: Uint8Array;
}

/** What is known of a tensor that was written. */
interface Spec {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

const BYTES = new Map([
  ['float32', 4],
  ['int32', 4],
  ['bool', 1],
]);

/**
 * Writes tensors, which stay the caller's, bit for bit.
 *
 * @throws ArgumentError for strings and complex numbers.
 */
export async function writeTensors(caller: string, tensors: NamedTensor[]): Promise<TensorFile> {
  for (const {name, tensor} of tensors) {
    check(BYTES.has(tensor.dtype), caller, name, `to be ${[...BYTES.keys()].join(', ')}`, tensor.dtype);
  }
  const {data, specs} = await io.encodeWeights(tensors);
  return {specs: specs as unknown as Json, bytes: new Uint8Array(data)};
}

/**
 * Reads what `writeTensors` wrote, in the same order; the caller disposes of the tensors.
 *
 * @param file What the bytes are called, for messages.
 * @throws ArgumentError where the bytes are not as many as the tensors take, and for what is no list of tensors.
 */
export function readTensors(caller: string, file: string, {specs, bytes}: TensorFile): NamedTensor[] {
  const isList = Array.isArray(specs) && specs.every(isSpec);
  check(isList, caller, file, 'to have a list of its tensors', specs, DAMAGED);
  const list = specs as unknown as Spec[];
  const size = list.reduce((sum, {shape, dtype}) => sum + util.sizeFromShape(shape) * BYTES.get(dtype)!, 0);
  check(size === bytes.length, caller, file, `to have ${size} bytes`, bytes.length, DAMAGED);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  // By their places: names of layers in two nested models may be the same.
  const numbered = list.map(({shape, dtype}, i) => ({name: String(i), shape, dtype}));
  const tensors = io.decodeWeights(buffer, numbered);
  return list.map(({name}, i) => ({name, tensor: tensors[i] as Tensor}));
}

const DAMAGED = 'it is damaged, or written by another program';

function isSpec(value: Json): boolean {
  const {name, shape, dtype} = (value ?? {}) as Record<string, unknown>;
  const isShape = Array.isArray(shape) && shape.every(size => Number.isSafeInteger(size) && size >= 0);
  return typeof name === 'string' && isShape && BYTES.has(dtype as string);
}
