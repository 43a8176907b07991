import {wrapText} from '../../shared/text.js';
import type {ExperimentResult, ModelResult, Question} from '../result.js';
import {rowsOf, verdict, type Row} from './rows.js';

const WIDTH = 100;
const GAP = 2;
const NARROWEST = 12;
const WIDEST = 18;

/** The main table as plain text of at most 100 columns; stored baselines carry their date. */
export function formatTable(result: ExperimentResult): string {
  const blocks = result.questions.map(question => formatQuestion(question));
  if (result.quick) blocks.unshift('Quick run: fewer pictures, rougher numbers.');
  return blocks.join('\n\n');
}

function formatQuestion(question: Question): string {
  const rows = rowsOf(question);
  const first = Math.max(...rows.map(row => labelOf(row).length));
  const heads = question.models.map(headOf);
  const width = Math.min(WIDEST, Math.max(NARROWEST, ...heads.flat().map(({length}) => length)));
  const perBlock = Math.max(1, Math.floor((WIDTH - first) / (width + GAP)));
  const lines = [...wrap(question.title, WIDTH)];
  for (let start = 0; start < heads.length; start += perBlock) {
    const columns = Array.from({length: Math.min(perBlock, heads.length - start)}, (_, i) => start + i);
    lines.push(...formatBlock(rows, heads, columns, first, width));
  }
  return [...lines, ...wrap(verdict(question), WIDTH)].join('\n');
}

function formatBlock(
  rows: Row[],
  heads: string[][],
  columns: number[],
  first: number,
  width: number,
): string[] {
  const line = (label: string, cells: string[]) =>
    (label.padEnd(first) + cells.map(cell => ' '.repeat(GAP) + cell.padStart(width)).join('')).trimEnd();
  const names = columns.map(i => heads[i].flatMap(part => wrap(part, width)));
  const deep = Math.max(...names.map(({length}) => length));
  const rule = '-'.repeat(first + columns.length * (width + GAP));
  return [
    rule,
    ...Array.from({length: deep}, (_, i) =>
      line(
        '',
        names.map(parts => parts[i - deep + parts.length] ?? ''),
      ),
    ),
    rule,
    ...rows.flatMap((row, i) => {
      const cells = columns.map(place => row.cells[place].replace('–', '-'));
      const opens = row.group && row.group !== rows[i - 1]?.group;
      return [...(opens ? [`  ${row.group}`] : []), line(labelOf(row), cells)];
    }),
    rule,
  ];
}

function labelOf({label, group, isAsked}: Row): string {
  return `${isAsked ? '> ' : '  '}${group ? '  ' : ''}${label}`;
}

function headOf({name, storedOn}: ModelResult): string[] {
  return storedOn ? [name, `stored ${storedOn}`] : [name];
}

/** A word that is longer than the width is cut. */
function wrap(text: string, width: number): string[] {
  return wrapText(text, line => line.length <= width).map(line => line.slice(0, width));
}
