import {startSideModule, type SideModule} from '../../plugin/kernels/wasm/side_module.js';
import type {Threads} from '../../plugin/kernels/wasm/threads.js';
import type {WasmBackend} from '../../plugin/kernels/wasm/wasm_backend.js';

/** The side module in the memory of a backend; throws the reason where it does not start. */
export function startedModule(backend: WasmBackend): SideModule {
  const module = startSideModule(backend);
  if (typeof module === 'string') throw new Error(module);
  return module;
}

/** A module as in Node, where tfjs's memory is not shared, with numbers from -1 to 1 in the first bytes; its backend. */
export function moduleOnNumbers(pages: number, bytes: number): {module: SideModule; backend: WasmBackend} {
  const memory = new WebAssembly.Memory({initial: pages, maximum: 65536});
  const backend = {wasm: {asm: {memory}}, dispose: () => undefined} as unknown as WasmBackend;
  const module = startedModule(backend);
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < bytes / 4; i++) floats[i] = ((i * 7919) % 2000) / 1000 - 1;
  return {module, backend};
}

/** Starts all threads and waits for the last of them. */
export async function allReady(threads: Threads): Promise<void> {
  while (threads.count() < threads.most) await new Promise(resolve => setTimeout(resolve, 1));
}
