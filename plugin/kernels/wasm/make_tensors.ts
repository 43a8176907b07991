import {util, type TensorInfo} from '@tensorflow/tfjs-core';
import {makeTensor, pointerTo, type WasmBackend} from './wasm_backend.js';

/**
 * Makes several float32 tensors; see `makeTensor`.
 *
 * @param f Writes every value; gets where they begin. Not called where no tensor has values.
 * @throws WasmMemoryError where there is no room. Nothing is left then.
 */
export function makeTensors(
  backend: WasmBackend,
  kernelName: string,
  shapes: number[][],
  f: (outputs: number[]) => void,
): TensorInfo[] {
  const made: TensorInfo[] = [];
  try {
    for (const shape of shapes) made.push(makeTensor(backend, {kernelName, shape}, () => {}));
    if (shapes.some(shape => util.sizeFromShape(shape) > 0))
      f(made.map(tensor => pointerTo(backend, tensor)));
    return made;
  } catch (error) {
    for (const {dataId} of made) backend.disposeData(dataId);
    throw error;
  }
}
