import type {LayerMargins, MarginDistribution} from './margin_report.js';

interface Column {
  title: string;
  of: (layer: LayerMargins) => string;
}

const QUANTILES: Column[] = ([5, 25, 50, 75, 95] as const).map(percent => ({
  title: `${percent} %`,
  of: ({quantiles}) => short(quantiles[percent]),
}));

/** Every column, in the order of reading; one in which nothing is said of any layer is left out. */
const COLUMNS: Column[] = [
  {title: 'layer', of: ({name}) => name},
  {title: 'norm', of: ({norm}) => (typeof norm === 'number' ? `l${norm}` : norm)},
  ...QUANTILES,
  {title: 'wrong', of: ({wrong}) => percentage(wrong)},
  {title: 'flat', of: ({flat}) => percentage(flat)},
  {title: 'not finite', of: ({nonFinite}) => String(nonFinite)},
  {title: 'gamma', of: ({gamma}) => optional(gamma, short)},
  {title: 'reached', of: ({reached}) => optional(reached, percentage)},
  {title: 'clipped', of: ({clipped}) => optional(clipped, percentage)},
  {title: 'true/linear', of: ({trueDistances}) => optional(trueDistances?.ratio.median, short)},
  {title: 'within 10 %', of: ({trueDistances}) => optional(trueDistances?.within10Percent, percentage)},
  {title: 'within 2x', of: ({trueDistances}) => optional(trueDistances?.withinFactor2, percentage)},
];

/**
 * Writes a margin distribution as a text table: a line for each layer with the quantiles of its signed distances, the
 * shares that are wrong, flat (epsilon decides), have reached gamma or are clipped, and the median of true / linear
 * distance with the shares of examples that agree within 10 % and within a factor of 2.
 */
export function marginTable({examples, accuracy, layers}: MarginDistribution): string {
  const columns = COLUMNS.filter(({of}) => layers.some(layer => of(layer) !== ''));
  const cells = [columns.map(({title}) => title), ...layers.map(layer => columns.map(({of}) => of(layer)))];
  const widths = columns.map((_, j) => Math.max(...cells.map(row => row[j].length)));
  const lines = cells.map(row =>
    row
      .map((cell, j) => (j < 2 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])))
      .join('  ')
      .trimEnd(),
  );
  return [`${examples} examples, accuracy ${percentage(accuracy)}`, ...lines].join('\n');
}

function optional(value: number | undefined, write: (value: number) => string): string {
  return value === undefined ? '' : write(value);
}

function percentage(share: number): string {
  return Number.isNaN(share) ? 'NaN' : `${(100 * share).toFixed(1)} %`;
}

function short(value: number): string {
  const size = Math.abs(value);
  const isPlain = value === 0 || (size >= 1e-3 && size < 1e5);
  if (!Number.isFinite(value)) return String(value);
  return isPlain ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}
