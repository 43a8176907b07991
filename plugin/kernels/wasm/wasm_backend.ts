import {getBackend, util, type DataId, type KernelBackend, type TensorInfo} from '@tensorflow/tfjs-core';

/** The name under which tfjs-backend-wasm registers its backend and its kernels. */
export const WASM = 'wasm';

/** Whether tfjs computes on wasm now: gradients and optimizers serve all backends. */
export function isWasm(): boolean {
  return getBackend() === WASM;
}

/** The parts of tfjs's wasm backend that let one read its tensors in place. */
export interface WasmBackend extends KernelBackend {
  wasm: {
    /** What the wasm file exports, its memory included; the threaded build has its memory beside it. */
    asm?: Record<string, unknown>;
    wasmMemory?: WebAssembly.Memory;
    tfjs?: {getThreadsCount?(): number};
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  dataIdMap: {get(dataId: DataId): {memoryOffset: number; shape: number[]}};
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  incRef(dataId: DataId): void;
}

/** Thrown where the heap of the backend, at most 4 GiB, has no room left for what a kernel needs. */
export class WasmMemoryError extends Error {
  override readonly name = 'WasmMemoryError';
}

/** The memory that holds the backend's tensors, or null where this version of tfjs keeps it elsewhere. */
export function memoryOf({wasm}: WasmBackend): WebAssembly.Memory | null {
  const candidates = [wasm?.wasmMemory, wasm?.asm?.memory];
  return (candidates.find(found => found instanceof WebAssembly.Memory) as WebAssembly.Memory) ?? null;
}

/** How many threads tfjs takes, by its own bounds or by the user's `setThreadsCount`; 1 where it cannot say. */
export function threadsOf({wasm}: WasmBackend): number {
  return wasm.tfjs?.getThreadsCount?.() ?? 1;
}

/** Whether memory is shared between threads, as that of tfjs's threaded build is. */
export function isShared({buffer}: WebAssembly.Memory): boolean {
  return !(buffer instanceof ArrayBuffer);
}

/** Has f run before the backend goes. */
export function onDispose(backend: WasmBackend, f: () => void): void {
  const {dispose} = backend;
  backend.dispose = () => {
    f();
    dispose.call(backend);
  };
}

/**
 * Where the values of a tensor begin, in bytes.
 *
 * @throws WasmMemoryError where they are nowhere: on a full heap tfjs makes tensors that begin at 0, where others' data are.
 */
export function pointerTo(backend: WasmBackend, {dataId, shape}: TensorInfo): number {
  const {memoryOffset} = backend.dataIdMap.get(dataId);
  if (memoryOffset === 0) throw fullHeap(`the tensor [${shape}]`, 4 * util.sizeFromShape(shape));
  return memoryOffset;
}

/** The number in a float32 tensor of one. */
export function numberIn(backend: WasmBackend, tensor: TensorInfo): number {
  return new Float32Array(memoryOf(backend)!.buffer, pointerTo(backend, tensor), 1)[0];
}

/** A tensor that a kernel makes, and the scratch memory that it needs meanwhile. */
export interface Making {
  kernelName: string;
  shape: number[];
  scratchBytes?: number;
}

/**
 * Makes a float32 tensor. The heap may have grown before f runs: views of it from before are dead, pointers are not.
 *
 * @param f Writes every value; gets where they begin, and where the scratch memory does, on 16 bytes.
 * @throws WasmMemoryError where there is no room; tfjs would write to address 0. Nothing is left then.
 */
export function makeTensor(
  backend: WasmBackend,
  {kernelName, shape, scratchBytes = 0}: Making,
  f: (output: number, scratch: number) => void,
): TensorInfo {
  const bytes = 4 * util.sizeFromShape(shape);
  // tfjs would ask for what is left of the number in 32 bits.
  if (bytes >= 2 ** 32) throw fullHeap(kernelName, bytes);
  const output = backend.makeOutput(shape, 'float32');
  let scratch = 0;
  try {
    if (bytes === 0) return output;
    const {memoryOffset: pointer} = backend.dataIdMap.get(output.dataId);
    if (pointer === 0) throw fullHeap(kernelName, bytes);
    if (scratchBytes > 0) {
      // Above 2 GiB the pointer comes as a negative number.
      scratch = backend.wasm._malloc(scratchBytes) >>> 0;
      if (scratch === 0) throw fullHeap(kernelName, scratchBytes);
    }
    f(pointer, scratch);
    return output;
  } catch (error) {
    backend.disposeData(output.dataId);
    throw error;
  } finally {
    if (scratch !== 0) backend.wasm._free(scratch);
  }
}

function fullHeap(whose: string, bytes: number): WasmMemoryError {
  const wayOut = 'take smaller batches, or dispose of tensors';
  return new WasmMemoryError(`${whose}: expected ${bytes} free bytes on the wasm heap; ${wayOut}`);
}
