const TUNED = 'tfjs-node-tuned';

/** What was aimed at, for the paper's net: a measured ratio and its bar. Printed side by side and never asserted. */
const bars = [
  {
    title: 'tuned cross-entropy step / tf.function',
    bar: '<= 1.25 (goal 1.0)',
    of: find => find('ce')?.ratios['tensorflow-function'],
  },
  {
    title: 'tuned, 4 layers k1 / own cross-entropy',
    bar: '<= 1.65 (goal 1.35)',
    of: find => find('all-k1')?.toCrossEntropy,
  },
  {
    title: 'tuned, 4 layers k1 / TensorFlow eager',
    bar: '< 1',
    of: find => find('all-k1')?.ratios['tensorflow-eager'],
  },
  {
    title: 'tuned, exact 4 layers / own cross-entropy',
    bar: '<= 3.1 (goal 2.2)',
    of: find => find('exact-k1')?.toCrossEntropy,
  },
  {
    title: 'tuned, random rival / k1',
    bar: '= 1',
    of: find => find('random-k1')?.toCrossEntropy / find('all-k1')?.toCrossEntropy,
  },
];

/** The bars beside what was measured, for each batch of the paper's net that has rows; nothing where a side is missing. */
export function measuredBars(rows) {
  const own = rows.filter(
    row => row.net === 'mnist-cnn' && row.engine === TUNED && row.part !== 'growth' && !row.problem,
  );
  const batches = [...new Set(own.map(({batch}) => batch))].sort((a, b) => a - b);
  return batches.flatMap(batch => {
    const find = mode => own.find(row => row.batch === batch && row.mode === mode);
    const measured = bars.map(({title, bar, of}) => ({title, batch, bar, value: of(find)}));
    return measured.filter(({value}) => Number.isFinite(value));
  });
}
