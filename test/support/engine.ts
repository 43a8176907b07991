import {getBackend, ready, setBackend} from '@tensorflow/tfjs-core';

/** The engine that this process tests, named by the variable LARGE_MARGIN_ENGINE. */
export type Engine = 'native' | 'cpu' | 'wasm';

const ENGINES: Record<Engine, {backend: string; load: () => Promise<unknown>}> = {
  native: {backend: 'tensorflow', load: () => import('@tensorflow/tfjs-node')},
  cpu: {backend: 'cpu', load: () => import('@tensorflow/tfjs-backend-cpu')},
  wasm: {backend: 'wasm', load: () => import('@tensorflow/tfjs-backend-wasm')},
};

export const engine = readEngine(process.env.LARGE_MARGIN_ENGINE ?? 'native');

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
}

function readEngine(name: string): Engine {
  if (Object.hasOwn(ENGINES, name)) return name as Engine;
  const known = Object.keys(ENGINES).join(', ');
  throw new Error(`LARGE_MARGIN_ENGINE: expected one of ${known}, got ${name}`);
}
