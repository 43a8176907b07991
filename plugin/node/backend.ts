import {createRequire} from 'node:module';
import {version_core} from '@tensorflow/tfjs-core';
import {NOT_INSTALLED, startEngine} from './start_engine.js';
import {describeKernels, tryWasmKernels, type WasmTraining} from './wasm_training.js';

/** The engines that Node can use, in the order of choice. */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu';

/** An engine that was passed over, and why: `not installed`, or what its loading said. */
export interface SkippedBackend {
  package: string;
  reason: string;
}

/** The engine that runs now. `backend` is what `tf.getBackend()` says. */
export interface BackendChoice {
  backend: string;
  package: string;
  version: string;
  skipped: SkippedBackend[];
  /** On wasm: what this package's training kernels run on. */
  training?: WasmTraining;
}

/** Thrown when no engine, or not the one asked for, could be started; names each with its reason. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly skipped: SkippedBackend[];

  constructor(message: string, skipped: SkippedBackend[]) {
    super(message);
    this.skipped = skipped;
  }
}

const ENGINES: Record<BackendName, {package: string; backend: string; wayOut: string}> = {
  'tfjs-node-gpu': {
    package: '@tensorflow/tfjs-node-gpu',
    backend: 'tensorflow',
    wayOut: "install it with its makers' addon, or prefer 'tfjs-node'",
  },
  'tfjs-node': {
    package: '@tensorflow/tfjs-node',
    backend: 'tensorflow',
    wayOut: 'install it and run `npx tfjs-large-margin native` (in a checkout: `npm run native`)',
  },
  wasm: {
    package: '@tensorflow/tfjs-backend-wasm',
    backend: 'wasm',
    wayOut: 'run `npm install @tensorflow/tfjs-backend-wasm`',
  },
  cpu: {
    package: '@tensorflow/tfjs-backend-cpu',
    backend: 'cpu',
    wayOut: 'run `npm install @tensorflow/tfjs-backend-cpu`',
  },
};

/**
 * Starts the fastest engine that works here and makes it the backend of tfjs: tfjs-node-gpu, tfjs-node, wasm, cpu.
 * An engine works when it loads and computes 1 + 2. Missing packages are no error; they are named in `skipped`. With
 * wasm come the kernels of `tfjs-large-margin/wasm`, so that every engine trains convolutional nets.
 *
 * @param options.prefer start this engine and no other
 * @returns the choice, to be printed with `describeBackend`
 * @throws BackendError when the preferred engine, or every engine, is out of reach
 * @example
 * console.log(describeBackend(await chooseBackend()));
 */
export async function chooseBackend({prefer}: {prefer?: BackendName} = {}): Promise<BackendChoice> {
  if (prefer !== undefined && !Object.hasOwn(ENGINES, prefer)) {
    const known = Object.keys(ENGINES).join(', ');
    throw new BackendError(`chooseBackend: expected prefer to be one of ${known}, got ${String(prefer)}`, []);
  }
  const names = prefer ? [prefer] : (Object.keys(ENGINES) as BackendName[]);
  const skipped: SkippedBackend[] = [];
  for (const name of names) {
    const engine = ENGINES[name];
    const reason = await startEngine(engine.package, engine.backend);
    if (reason === null) {
      const {backend} = engine;
      const choice = {backend, package: engine.package, version: versionOf(engine.package), skipped};
      return backend === 'wasm' ? {...choice, training: await tryWasmKernels()} : choice;
    }
    skipped.push({package: engine.package, reason});
  }
  const wayOut = ENGINES[prefer ?? 'cpu'].wayOut;
  const reasons = skipped.map(s => `${s.package}: ${s.reason}`).join('; ');
  throw new BackendError(`chooseBackend: no engine could be started (${reasons}); ${wayOut}`, skipped);
}

/** One line for people: the engine, its limits, and which installed engine was passed over and why. */
export function describeBackend(choice: BackendChoice): string {
  const parts = [`backend ${choice.backend} (${choice.package} ${choice.version})`];
  if (choice.training) parts.push(describeKernels(choice.training));
  if (choice.backend === 'cpu') parts.push('trains everything, slowly');
  if (choice.backend !== 'tensorflow') parts.push('`npx tfjs-large-margin native` sets up a faster engine');
  const broken = choice.skipped.filter(s => s.reason !== NOT_INSTALLED);
  for (const {package: name, reason} of broken) parts.push(`${name} does not work: ${reason}`);
  return parts.join('; ');
}

function versionOf(packageName: string): string {
  try {
    return createRequire(import.meta.url)(`${packageName}/package.json`).version;
  } catch {
    return version_core;
  }
}
