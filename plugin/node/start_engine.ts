import {createRequire} from 'node:module';
import {add, findBackendFactory, getBackend, ready, setBackend, tidy} from '@tensorflow/tfjs-core';

/** The reason given for an optional package that is not there. */
export const NOT_INSTALLED = 'not installed';

// A wasm engine that cannot start may stay silent instead of failing.
const START_LIMIT_MS = 30_000;

/** Loads one engine's package and makes it tfjs's backend: null when it computes, else why it does not. */
export async function startEngine(packageName: string, backend: string): Promise<string | null> {
  if (!isInstalled(packageName, backend)) return NOT_INSTALLED;
  try {
    await load(packageName, backend);
    if (!(await withLimit(setBackend(backend)))) return `the backend ${backend} did not start`;
    await ready();
    if (getBackend() !== backend) return `tfjs chose ${getBackend()} instead of ${backend}`;
    // On Node 23+ tfjs-node 4.22 loads well and fails at its first operation.
    const sum = tidy(() => add([1], [2]).dataSync()[0]);
    return sum === 3 ? null : `it computed 1 + 2 = ${sum}`;
  } catch (error) {
    return firstLine(error);
  }
}

// Asked of the resolver: the error of a failed import reads differently under each loader and bundler.
function isInstalled(packageName: string, backend: string): boolean {
  if (isBuiltIn(backend)) return true;
  try {
    return Boolean(createRequire(import.meta.url).resolve(packageName));
  } catch {
    return false;
  }
}

// The union package @tensorflow/tfjs brings the cpu engine along, perhaps where we cannot import it.
function isBuiltIn(backend: string): boolean {
  return backend === 'cpu' && Boolean(findBackendFactory('cpu'));
}

async function load(packageName: string, backend: string): Promise<void> {
  if (isBuiltIn(backend)) return;
  // TensorFlow's C++ side greets with its processor features otherwise.
  if (backend === 'tensorflow') process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  await import(packageName);
  // Before the backend starts, which is when they look for the gradients that they stand in for.
  if (backend === 'wasm') await import('../kernels/wasm/index.js');
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0].trim();
}

async function withLimit(started: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = new Error(`it did not start within ${START_LIMIT_MS / 1000} s`);
    timer = setTimeout(() => reject(late), START_LIMIT_MS);
  });
  try {
    return await Promise.race([started, limit]);
  } finally {
    clearTimeout(timer);
  }
}
