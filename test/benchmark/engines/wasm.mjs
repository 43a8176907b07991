import {fileURLToPath} from 'node:url';

const WORKER = fileURLToPath(new URL('../worker.mjs', import.meta.url));
const RELAXED = 'relaxed-simd';
const THREADS_FLAG = 'LARGE_MARGIN_WASM_THREADS';

/**
 * tfjs's wasm backend with our kernels on one variant of their module; Node 20 has relaxed SIMD behind a flag.
 *
 * @param variant 'simd' or 'relaxed-simd'
 * @param threads how many at most; 0 leaves it to the kernels
 */
export function wasmEngine({name, title, order, variant, threads = 0}) {
  return {
    ...{name, title, order, parts: ['wasm']},
    command: () => ({file: process.execPath, args: [...nodeFlags(variant), WORKER, name]}),
    start: async () => {
      const started = await startWasm();
      await useKernels(variant, started.tf, threads);
      return started;
    },
  };
}

/** What Node must be told so that the module runs in this variant. */
export const nodeFlags = variant => (variant === RELAXED ? ['--experimental-wasm-relaxed-simd'] : []);

/** tfjs on its wasm backend, with the kernels that tfjs has. */
export async function startWasm() {
  const tf = await import('@tensorflow/tfjs');
  const {version_wasm: version} = await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  if (tf.getBackend() !== 'wasm') throw new Error(`expected tfjs to run on wasm, got ${tf.getBackend()}`);
  return {tf, versions: {'tfjs-backend-wasm': version}};
}

/** Registers our kernels. Throws where one fell back to tfjs's operations: that is not what is to be measured. */
export async function useKernels(variant, tf, threads) {
  const {wasmKernelReport} = await import('tfjs-large-margin/wasm');
  tf.env().set(THREADS_FLAG, threads);
  const report = wasmKernelReport();
  const wrong = report.filter(({runsOn}) => runsOn !== variant);
  const describe = ({name, runsOn, reason}) => `${name} runs on ${runsOn} (${reason})`;
  if (wrong.length > 0)
    throw new Error(`expected all kernels on ${variant}: ${wrong.map(describe).join('; ')}`);
  return report.map(({name}) => name);
}
