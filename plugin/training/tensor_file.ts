import {io, type NamedTensorMap, type Tensor} from '@tensorflow/tfjs-core';
import type {Json, NamedTensor} from '../callbacks/resumable_callback.js';

/** Tensors as bytes, and what is needed to read them. */
export interface TensorFile {
  specs: Json;
  bytes: Uint8Array;
}

/** Writes tensors, which stay the caller's, bit for bit; their names are all different. */
export async function writeTensors(tensors: NamedTensor[]): Promise<TensorFile> {
  const {data, specs} = await io.encodeWeights(tensors);
  return {specs: specs as unknown as Json, bytes: new Uint8Array(data)};
}

/** Reads what `writeTensors` wrote, in the same order; the caller disposes of the tensors. */
export function readTensors({specs, bytes}: TensorFile): NamedTensor[] {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const list = specs as unknown as io.WeightsManifestEntry[];
  const tensors: NamedTensorMap = io.decodeWeights(buffer, list);
  return list.map(({name}) => ({name, tensor: tensors[name] as Tensor}));
}
