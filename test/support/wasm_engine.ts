import {setFlagsFromString} from 'node:v8';
import {
  findBackend,
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import {RELAXED_SIMD} from '../../plugin/kernels/wasm/side_module_code.js';
import {WASM, type WasmBackend} from '../../plugin/kernels/wasm/wasm_backend.js';

/** What a kernel of ours may run on. */
export const WAYS = ['simd', 'relaxed-simd', 'operations'] as const;
export type Way = (typeof WAYS)[number];

const factory = findBackendFactory(WASM);

/** Starts tfjs's wasm backend anew, so that our kernels run on this and nothing else. */
export async function startWasmOn(way: Way): Promise<WasmBackend> {
  allowRelaxedSimd(way === 'relaxed-simd');
  return restartWasm(way === 'operations' ? hideMemory : undefined);
}

/** Ends tfjs's wasm backend and starts another, with a memory of its own. */
export async function restartWasm(change: (backend: WasmBackend) => void = () => {}): Promise<WasmBackend> {
  if (findBackend(WASM)) removeBackend(WASM);
  const start = async () => {
    const backend = await factory();
    change(backend as WasmBackend);
    return backend;
  };
  registerBackend(WASM, start, 2);
  await setBackend(WASM);
  return runningWasm();
}

/** Leaves the memory where tfjs finds it and no one else does, as another version of tfjs may. */
export function hideMemory(backend: WasmBackend): void {
  backend.wasm.asm = {...backend.wasm.asm, memory: undefined};
}

export function runningWasm(): WasmBackend {
  return findBackend(WASM) as WasmBackend;
}

/** Node 20 has it behind a flag; later engines have it always, and are kept from it here. */
function allowRelaxedSimd(isAllowed: boolean): void {
  if (!validate(Buffer.from(RELAXED_SIMD.hex, 'hex'))) {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
  }
  WebAssembly.validate = bytes => validate(bytes) && (isAllowed || !usesRelaxedSimd(bytes));
}

const {validate} = WebAssembly;

/** Whether the code of f32x4.relaxed_madd is there. */
function usesRelaxedSimd(bytes: BufferSource): boolean {
  return Buffer.from(bytes as Uint8Array).includes(Buffer.from([0xfd, 0x85, 0x02]));
}
