import type {Outcome} from './compare.js';

/** docs/exact_layers.md holds one row for each layer and one column for each engine. */
export type Table = Map<string, Record<string, string>>;

/** What a cell says: the error, or who refused. */
export function cellOf(outcome: Outcome): string {
  return outcome.state === 'compared' ? outcome.error.toExponential(0) : `${outcome.state}: ${outcome.why}`;
}

/** Whether a stored cell and a fresh one say the same: both agree, or both refuse for the same reason. */
export function saysTheSame(stored: string, fresh: string): boolean {
  const verdict = (cell: string) => (/^\de[+-]\d+$/.test(cell) ? 'agrees' : cell);
  return verdict(stored) === verdict(fresh);
}

/** Reads the table from the page's text. */
export function readTable(page: string): Table {
  const cells = page
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    );
  const [[, ...engines], , ...rows] = cells;
  return new Map(
    rows.map(([name, ...row]) => [name, Object.fromEntries(row.map((cell, i) => [engines[i], cell]))]),
  );
}
