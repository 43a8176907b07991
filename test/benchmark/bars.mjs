const TUNED = 'tfjs-node-tuned';
const STOCK = 'tfjs-node';
const WASM = [
  ['wasm-simd', 'wasm, SIMD'],
  ['wasm-relaxed-simd', 'wasm, relaxed SIMD'],
];

/** What was aimed at, for the paper's net: a measured ratio and its bar. Printed side by side and never asserted. */
const nativeBars = [
  {
    title: 'tuned cross-entropy step / tf.function',
    bar: '<= 1.25 (goal 1.0)',
    of: find => find(TUNED, 'ce')?.ratios['tensorflow-function'],
  },
  {
    title: 'tuned, 4 layers k1 / own cross-entropy',
    bar: '<= 1.65 (goal 1.35)',
    of: find => find(TUNED, 'all-k1')?.toCrossEntropy,
  },
  {
    title: 'tuned, 4 layers k1 / TensorFlow eager',
    bar: '< 1',
    of: find => find(TUNED, 'all-k1')?.ratios['tensorflow-eager'],
  },
  {
    title: 'tuned, exact 4 layers / own cross-entropy',
    bar: '<= 3.1 (goal 2.2)',
    of: find => find(TUNED, 'exact-k1')?.toCrossEntropy,
  },
  {
    title: 'tuned, random rival / k1',
    bar: '= 1',
    of: find => find(TUNED, 'random-k1')?.toCrossEntropy / find(TUNED, 'all-k1')?.toCrossEntropy,
  },
];

const wasmBars = WASM.flatMap(([engine, title]) => [
  {
    title: `${title}: cross-entropy step / stock tfjs-node`,
    bar: '<= 2.5',
    of: find => find(engine, 'ce')?.ratios[STOCK],
  },
  {
    title: `${title}: cross-entropy step / tuned tfjs-node`,
    bar: '<= 4',
    of: find => find(engine, 'ce')?.ratios[TUNED],
  },
  {
    title: `${title}: 4 layers k1 / own cross-entropy`,
    bar: '<= 1.6',
    of: find => find(engine, 'all-k1')?.toCrossEntropy,
  },
]);

/** The bars beside what was measured, for each batch of the paper's net that has rows; nothing where a side is missing. */
export function measuredBars(rows) {
  const sound = rows.filter(row => row.net === 'mnist-cnn' && row.part !== 'growth' && !row.problem);
  const [ofWasm, others] = [true, false].map(is => sound.filter(({part}) => (part === 'wasm') === is));
  return [...measured(nativeBars, others), ...measured(wasmBars, ofWasm)];
}

function measured(bars, rows) {
  const batches = [...new Set(rows.map(({batch}) => batch))].sort((a, b) => a - b);
  return batches.flatMap(batch => {
    const find = (engine, mode) =>
      rows.find(row => row.engine === engine && row.batch === batch && row.mode === mode);
    const found = bars.map(({title, bar, of}) => ({title, batch, bar, value: of(find)}));
    return found.filter(({value}) => Number.isFinite(value));
  });
}
