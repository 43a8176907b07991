import type {Figure, MinimumFigure, RobustnessReport} from './figure.js';
import {flagChecks, type FlagId} from './flags.js';
import {percent} from './flags_of_figures.js';

/**
 * Writes a report as text: tables in Markdown with aligned columns, accuracy by attack and epsilon first. A figure that
 * a flag concerns is followed by the numbers of the reasons, which are listed below.
 *
 * @example
 * console.log(reportTable(report));
 */
export function reportTable(report: RobustnessReport): string {
  const notes = new Notes();
  const {clean, attacks, transfer, worstCase, noise, minimum, epsilons, norm, bounds, examples, checks} =
    report;
  const head = ['attack', ...epsilons.map(epsilon => `epsilon ${epsilon}`)];
  const rowOf = (name: string, figures: Figure[]) => [name, ...figures.map(figure => notes.cell(figure))];
  const tables = [
    table([
      head,
      ['none', ...epsilons.map(() => notes.cell(clean))],
      ...byName(attacks).map(figures => rowOf(figures[0].name, figures)),
      ...byName(transfer).map(figures => rowOf(`transfer from ${figures[0].name}`, figures)),
      rowOf('worst case', worstCase),
    ]),
  ];
  if (noise.length > 0) {
    const sigmas = noise.map(({sigma}) => `sigma ${sigma}`);
    tables.push(table([['noise', ...sigmas], rowOf('gaussian', noise)]));
  }
  if (minimum.length > 0) {
    const shares = minimum[0].quantiles.map(({share}) => `${percent(share)} within`);
    const rows = minimum.map(figure => [figure.name, ...distancesOf(figure, notes)]);
    tables.push(table([['smallest perturbation', ...shares], ...rows]));
  }
  const title = `Accuracy of ${examples} examples under attack, norm ${norm}, inputs in [${bounds.join(', ')}]`;
  const end = checks.length === 0 ? 'No checks were made.' : notes.text(checks);
  return [title, ...tables, end].join('\n\n') + '\n';
}

/** The figures of each attack, in the order of the epsilons. */
function byName(figures: Figure[]): Figure[][] {
  const names = [...new Set(figures.map(({name}) => name))];
  return names.map(name => figures.filter(figure => figure.name === name));
}

function distancesOf(figure: MinimumFigure, notes: Notes): string[] {
  const mark = notes.mark(figure);
  return figure.quantiles.map(({distance}) =>
    Number.isFinite(distance) ? `${Number(distance.toPrecision(3))}${mark}` : `none found${mark}`,
  );
}

/** Reasons, each with a number, in the order in which they were met. */
class Notes {
  private readonly reasons: string[] = [];

  /** A figure's accuracy, and that it is unreliable where it is. */
  cell(figure: Figure): string {
    return `${percent(figure.accuracy)}${this.mark(figure)}`;
  }

  mark({reliable, reasons}: Figure): string {
    if (reliable) return '';
    const numbers = reasons.map(reason => {
      if (!this.reasons.includes(reason)) this.reasons.push(reason);
      return this.reasons.indexOf(reason) + 1;
    });
    return ` unreliable [${numbers.join(', ')}]`;
  }

  text(checks: FlagId[]): string {
    const all = Object.keys(flagChecks) as FlagId[];
    const left = all.filter(id => !checks.includes(id)).join(', ');
    const made = `${checks.length} of ${all.length} checks`;
    const notMade = left === '' ? '' : ` (not made: ${left})`;
    if (this.reasons.length === 0) return `No flag was raised by ${made}${notMade}.`;
    const list = this.reasons.map((reason, i) => `[${i + 1}] ${reason}`);
    return ['Unreliable, because', ...list, '', `Made: ${made}${notMade}.`].join('\n');
  }
}

/** A table in Markdown, its columns aligned. */
function table([head, ...rows]: string[][]): string {
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map(row => row[k].length)));
  const line = (row: string[]) => `| ${row.map((cell, k) => cell.padEnd(widths[k])).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
