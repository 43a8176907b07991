// All kernels of kernel_cases.mjs on one variant of our module, ours and tfjs's own in one process; speaks JSON lines.
// Usage: node worker.mjs <simd | relaxed-simd>
import {answerQuestions} from '../../../scripts/benchmark/answer_questions.mjs';
import {startWasm, useKernels} from '../engines/wasm.mjs';
import {kernelCases} from './kernel_cases.mjs';

const WASM = 'wasm';
const variant = process.argv[2];
let tf;
let players;

const asks = {
  async load() {
    ({tf} = await startWasm());
    const names = new Set(kernelCases.map(({kernel}) => kernel));
    const stock = new Map([...names].map(name => [name, tf.getKernel(name, WASM)]));
    // As XNNPACK here, which has threads in pages only.
    const ours = await useKernels(variant, tf, 1);
    players = kernelCases.flatMap((one, index) => {
      const own = ours.includes(one.kernel) ? tf.getKernel(one.kernel, WASM) : undefined;
      const both = {ours: own, stock: stock.get(one.kernel)};
      const inputs = makeInputs(one.shapes);
      return Object.entries(both).flatMap(([whose, kernel]) =>
        kernel ? [{index, whose, run: () => callKernel(kernel, inputs, one.attrs)}] : [],
      );
    });
    return {players: players.map(({index, whose}) => ({index, whose}))};
  },
  /** Times one after the other of them, for `turnMs` each and once at least. */
  async turn({turnMs}) {
    return {times: players.map(({run}) => timesOf(run, turnMs))};
  },
};

function makeInputs(shapes) {
  const entries = Object.entries(shapes);
  return Object.fromEntries(
    entries.map(([name, shape], i) => [name, tf.randomUniform(shape, -1, 1, 'float32', 1 + i)]),
  );
}

function callKernel({kernelFunc}, inputs, attrs) {
  const backend = tf.backend();
  backend.disposeData(kernelFunc({inputs, attrs, backend}).dataId);
}

function timesOf(run, turnMs) {
  // What the others left in the caches is not counted.
  run();
  const times = [];
  const end = performance.now() + turnMs;
  do {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  } while (performance.now() < end);
  return times;
}

await answerQuestions(asks);
