import {util, type Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import type {WasmBackend} from './wasm_backend.js';

/** The same values once more without a copy, as a reshaped tensor has them; they go when the last one is disposed. */
export function sharedData(backend: WasmBackend, {dataId, shape, dtype}: Tensor): TensorInfo {
  backend.incRef(dataId);
  return {dataId, shape, dtype};
}

/**
 * Whether the values of a tensor may be shared. Of a bias tfjs's fused kernels ask the data for its shape, not the tensor:
 * a row that was reshaped needs data of its own.
 */
export function mayShareData(backend: WasmBackend, {dataId, shape, dtype, rank}: Tensor): boolean {
  if (dtype === 'string') return false;
  return rank > 1 || util.arraysEqual(backend.dataIdMap.get(dataId).shape, shape);
}
