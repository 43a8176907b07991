import {formatDifference, formatMs, formatRatio, formatTable} from '../../scripts/benchmark/table.mjs';
import {measuredBars} from './bars.mjs';
import {formatKernels} from './kernels/kernel_table.mjs';

const megabytes = bytes => (bytes ? (bytes / 1e6).toFixed(0) : '-');
const unless = (row, text) => (row.problem ? '-' : text);

const columns = [
  {title: 'mode', align: 'left', of: row => row.modeTitle},
  {title: 'engine', align: 'left', of: row => row.engineTitle},
  {title: 'ms a step', align: 'right', of: row => unless(row, formatMs(row.ms))},
  {title: 'quartiles', align: 'right', of: row => unless(row, `${formatMs(row.low)}..${formatMs(row.high)}`)},
  {title: 'steps', align: 'right', of: row => row.steps ?? '-'},
  {title: 'x own CE', align: 'right', of: row => formatRatio(row.toCrossEntropy)},
  {title: 'x tf.function', align: 'right', of: row => formatRatio(row.toReference)},
  {title: 'peak MB', align: 'right', of: row => megabytes(row.peakBytes)},
  {title: 'loss 1 differs', align: 'right', of: row => formatDifference(row.differences?.[0])},
  {title: 'loss 2', align: 'right', of: row => formatDifference(row.differences?.[1])},
  {title: '', align: 'left', of: row => row.problem ?? (row.differs ? 'LOSSES DIFFER' : (row.note ?? ''))},
];

const NOTES = `Medians of single steps, all engines of a row's mode in turn, one process computing at a time. Ratios are made of
times of the same rounds: each engine's cross-entropy takes part in the rounds of all modes. Peak memory is the most that
the process ever held (VmHWM). Losses are compared with the first engine of the mode, at the first step (same weights, same
batch) and after one update.`;

/** The whole result as text: machine, one table, notes, single kernels where they were measured, bars. */
export function formatReport({machine, versions, minutes, rows, notes, kernels = []}) {
  const lines = [
    machine,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    formatTable(columns, withHeadings(rows)),
    '',
    NOTES,
    ...notes,
  ];
  if (kernels.length > 0) lines.push('', formatKernels(kernels));
  const bars = measuredBars(rows);
  if (bars.length > 0) lines.push('', formatBars(bars));
  lines.push('', `${minutes.toFixed(1)} minutes in all`);
  return lines.join('\n');
}

function withHeadings(rows) {
  let last;
  return rows.flatMap(row => {
    const isNew = row.heading !== last;
    last = row.heading;
    return isNew ? ['', row.heading, row] : [row];
  });
}

function formatBars(bars) {
  return formatTable(
    [
      {title: 'bar', align: 'left', of: row => row.title},
      {title: 'batch', align: 'right', of: row => row.batch},
      {title: 'measured', align: 'right', of: row => formatRatio(row.value)},
      {title: 'wanted', align: 'left', of: row => row.bar},
    ],
    bars,
  );
}
