/** What the training kernels of wasm run on, and which of them run on tfjs's own operations instead. */
export interface WasmTraining {
  runsOn: 'relaxed-simd' | 'simd' | 'operations';
  /** Kernels that are right but slow here, and why. */
  slow: Array<{name: string; reason: string}>;
}

/** Tries each of this package's kernels out; the wasm backend runs already. */
export async function tryWasmKernels(): Promise<WasmTraining> {
  // Not above: who has no tfjs-backend-wasm imports this file, too.
  const {wasmKernelReport} = await import('../kernels/wasm/index.js');
  const report = wasmKernelReport();
  const fast = report.flatMap(({runsOn}) => (runsOn === 'operations' || runsOn === 'tfjs' ? [] : [runsOn]));
  const slow = report.filter(kernel => kernel.runsOn === 'operations');
  return {runsOn: fast[0] ?? 'operations', slow: slow.map(({name, reason}) => ({name, reason}))};
}

/** The same for people, as part of a line. */
export function describeKernels({runsOn, slow}: WasmTraining): string {
  const [first] = slow;
  if (runsOn === 'operations')
    return `trains all but 3-D convolutions, slowly, on tfjs's own operations: ${first.reason}`;
  const how = `trains all but 3-D convolutions, with ${NAMES[runsOn]}`;
  return first ? `${how}; slowly: ${slow.map(({name, reason}) => `${name} (${reason})`).join(', ')}` : how;
}

const NAMES = {'relaxed-simd': 'relaxed SIMD', simd: 'SIMD'};
