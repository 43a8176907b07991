import {getBackend, ready, setBackend} from '@tensorflow/tfjs-core';
import {enableNativeKernels} from '../../plugin/kernels/node/index.js';

/** The engine that this process tests, named by the variable LARGE_MARGIN_ENGINE. */
export type Engine = 'native' | 'cpu' | 'wasm';

const ENGINES: Record<Engine, {backend: string; load: () => Promise<unknown>}> = {
  native: {backend: 'tensorflow', load: () => import('@tensorflow/tfjs-node')},
  cpu: {backend: 'cpu', load: () => import('@tensorflow/tfjs-backend-cpu')},
  wasm: {backend: 'wasm', load: () => import('@tensorflow/tfjs-backend-wasm')},
};

export const engine = readEngine(process.env.LARGE_MARGIN_ENGINE ?? 'native');

/** Whether this package's kernels are in every model: the variable LARGE_MARGIN_KERNELS is 'tuned'. */
const isTuned = process.env.LARGE_MARGIN_KERNELS === 'tuned';

/** The engine for people to read. */
export const engineLabel = isTuned ? `${engine} with our kernels` : engine;

/** Loads the engine with tfjs-layers and makes sure that it is the one that computes: tfjs falls back in silence. */
export async function startEngine(): Promise<void> {
  const {backend, load} = ENGINES[engine];
  await load();
  await import('@tensorflow/tfjs-layers');
  await setBackend(backend);
  await ready();
  if (getBackend() !== backend) {
    throw new Error(
      `startEngine: expected tfjs to run on ${backend}, got ${getBackend()}; try \`npm run doctor\``,
    );
  }
  if (!isTuned) return;
  const off = await useOurKernels();
  if (off.length > 0) throw new Error(`startEngine: expected all kernels on, got ${JSON.stringify(off)}`);
}

/** Puts them in place of tfjs's; gives those that do not run. */
async function useOurKernels(): Promise<unknown[]> {
  if (engine === 'native')
    return enableNativeKernels({scope: 'everywhere'}).filter(({state}) => state === 'off');
  if (engine !== 'wasm') throw new Error(`startEngine: there are no kernels of ours for ${engine}`);
  const {wasmKernelReport} = await import('../../plugin/kernels/wasm/index.js');
  return wasmKernelReport().filter(({runsOn}) => runsOn === 'operations');
}

function readEngine(name: string): Engine {
  if (Object.hasOwn(ENGINES, name)) return name as Engine;
  const known = Object.keys(ENGINES).join(', ');
  throw new Error(`LARGE_MARGIN_ENGINE: expected one of ${known}, got ${name}`);
}
