import {escapeMarkup, tieNumbers} from '../../shared/text.js';
import {modelColors, ON_DARK, type ModelColors} from '../figures/palette.js';
import type {ExperimentResult, Question} from '../result.js';
import {duration} from '../wording.js';
import {rowsOf, verdict} from './rows.js';
import {STYLE} from './style.js';

/** A figure whose SVG is drawn. */
export interface DrawnFigure {
  id: string;
  title: string;
  note: string;
  svg: string;
  narrowSvg?: string;
}

export interface DrawnGroup {
  title: string;
  figures: DrawnFigure[];
}

export const TITLE = 'What a large margin buys on MNIST';

/** The report as one HTML file that needs nothing else: no script, no network. */
export function reportPage(result: ExperimentResult, groups: DrawnGroup[]): string {
  const colors = modelColors(result);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${TITLE}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${TITLE}</h1>
<p class="lead">${escapeMarkup(subtitleOf(result))}</p>
${result.quick ? '<p class="quick">Quick run: fewer pictures, rougher numbers.</p>' : ''}
<div class="grid tables">
${result.questions.map(question => tableCard(question, colors)).join('\n')}
</div>
${groups.map(groupSection).join('\n')}
<h2>How it was run</h2>
<div class="card">
${runDetails(result)}
</div>
</main>
</body>
</html>
`;
}

/** Nets, date and backend in one line. */
export function subtitleOf({date, net, backend, quick}: ExperimentResult): string {
  const size = net === 'paper' ? "the paper's net" : 'a small net';
  return `Cross-entropy and the large-margin loss on ${size}, ${date}, backend ${backend}${quick ? ', quick run' : ''}`;
}

function tableCard(question: Question, colors: ModelColors): string {
  const heads = question.models.map(({name, storedOn}) => {
    const stored = storedOn ? `<small>stored ${escapeMarkup(storedOn)}</small>` : '';
    return `<th scope="col" style="--model:${colors[name]};--model-dark:${ON_DARK[colors[name]]}">${prose(name)}${stored}</th>`;
  });
  const rows = rowsOf(question).map(({label, group, cells, best, isAsked}, i, all) => {
    const values = cells.map(
      (cell, j) => `<td${best.includes(j) ? ' class="best"' : ''}>${escapeMarkup(cell)}</td>`,
    );
    const kinds = [isAsked && 'asked', group && 'member'].filter(Boolean).join(' ');
    const head = group && group !== all[i - 1]?.group ? groupRow(group, cells.length + 1) : '';
    return `${head}<tr class="${kinds}"><th scope="row">${escapeMarkup(label)}</th>${values.join('')}</tr>`;
  });
  return `<section class="card${question.models.length > 3 ? ' wide' : ''}">
<h2>${prose(question.title)}</h2>
<p class="note">${prose(verdict(question))}</p>
<div class="scroll"><table>
<thead><tr><th></th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</section>`;
}

function groupRow(group: string, columns: number): string {
  return `<tr class="group"><th colspan="${columns}">${escapeMarkup(group)}</th></tr>\n`;
}

function groupSection({title, figures}: DrawnGroup): string {
  if (figures.length === 0) return '';
  return `<h2>${prose(title)}</h2>
<div class="grid">
${figures.map(figureCard).join('\n')}
</div>`;
}

function figureCard({id, title, note, svg, narrowSvg}: DrawnFigure): string {
  const label = (text: string, name: string) =>
    text.replace('class="marks"', () => `class="${name}" role="img" aria-label="${escapeMarkup(title)}"`);
  const drawn = narrowSvg ? `${label(svg, 'broad')}${label(narrowSvg, 'narrow')}` : label(svg, 'plain');
  return `<figure id="${escapeMarkup(id)}"${narrowSvg ? ' class="wide"' : ''}>
<figcaption><h3>${prose(title)}</h3><p class="note">${prose(note)}</p></figcaption>
${drawn}
</figure>`;
}

function runDetails(result: ExperimentResult): string {
  const {command, machine, versions, backend, seed, date, seconds, peakMemoryGiB, net, quick} = result;
  const list = (entries: Array<[string, string]>) =>
    `<dl>\n${entries.map(([term, html]) => `<dt>${escapeMarkup(term)}</dt><dd>${html}</dd>`).join('\n')}\n</dl>`;
  const recipes = result.questions.map(({title, models}) => {
    const entries = models.map(({name, recipe, storedOn}): [string, string] => [
      name,
      escapeMarkup(storedOn ? `${recipe} (stored ${storedOn})` : recipe),
    ]);
    return `<h3>${prose(title)}</h3>\n${list(entries)}`;
  });
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const run = list([
    ['command', `<code>${escapeMarkup(command)}</code>`],
    ['date', escapeMarkup(date)],
    ['machine', escapeMarkup(machine)],
    ['versions', escapeMarkup(named.join(', '))],
    ['backend', escapeMarkup(backend)],
    ['net', `${escapeMarkup(net)}${quick ? ', quick run' : ''}`],
    ['seed', String(seed)],
    ['time', duration(seconds)],
    ['peak memory', `${peakMemoryGiB.toFixed(2)} GiB`],
  ]);
  return [run, ...recipes].join('\n');
}

/** Escaped, and not broken at the hyphen of 'cross-entropy' nor after a number. */
function prose(text: string): string {
  return escapeMarkup(tieNumbers(text)).replace(/[\p{L}]+-[\p{L}]+/gu, '<span class="whole">$&</span>');
}
