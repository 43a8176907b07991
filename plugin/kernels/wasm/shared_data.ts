import type {Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import type {WasmBackend} from './wasm_backend.js';

/** The same values once more without a copy, as a reshaped tensor has them; they go when the last one is disposed. */
export function sharedData(backend: WasmBackend, {dataId, shape, dtype}: Tensor): TensorInfo {
  backend.incRef(dataId);
  return {dataId, shape, dtype};
}
