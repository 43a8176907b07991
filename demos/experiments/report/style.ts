import {FONT, INK, LINE, MUTED, ON_DARK, PAPER} from '../figures/palette.js';

/** In a dark scheme each colour of the figures gives way to its counterpart. */
const DARK_FIGURES = Object.entries(ON_DARK)
  .map(
    ([light, dark]) =>
      `figure svg [fill="${light}"]{fill:${dark}}figure svg [stroke="${light}"]{stroke:${dark}}`,
  )
  .join('\n  ');

/** The style sheet of report.html. */
export const STYLE = `
:root {color-scheme: light dark; --ink: ${INK}; --muted: ${MUTED}; --line: ${LINE}; --page: #f4f5f7; --card: ${PAPER};
  --mark: #fff3d6;}
* {box-sizing: border-box;}
body {margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 ${FONT};
  -webkit-text-size-adjust: 100%;}
main {max-width: 1180px; margin: 0 auto; padding: 48px 24px 64px;}
h1 {font-size: 34px; line-height: 1.15; letter-spacing: -.015em; margin: 0 0 8px; text-wrap: balance;}
h2 {font-size: 22px; line-height: 1.25; letter-spacing: -.01em; margin: 56px 0 16px; text-wrap: balance;}
h3 {font-size: 16px; line-height: 1.35; margin: 0; text-wrap: pretty;}
p {margin: 0;}
.lead, .note {color: var(--muted);}
.note {font-size: 14px; line-height: 1.45;}
.quick {display: inline-block; margin-top: 16px; padding: 6px 12px; border-radius: 6px; background: var(--mark);
  font-size: 14px;}
.grid {display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px;}
.tables {margin-top: 32px; align-items: start;}
.card, figure {margin: 0; padding: 24px; background: var(--card); border: 1px solid var(--line); border-radius: 12px;}
.card h2 {margin: 0 0 4px; font-size: 19px;}
.scroll {margin-top: 16px; overflow-x: auto;}
table {width: 100%; border-collapse: collapse; font-size: 15px; line-height: 1.3;
  font-variant-numeric: tabular-nums;}
th, td {padding: 7px 0 7px 12px; text-align: right; vertical-align: bottom; border-top: 1px solid var(--line);}
th:first-child {padding-left: 8px; text-align: left; font-weight: 400; color: var(--muted);}
td:last-child, th:last-child {padding-right: 8px;}
td, th[scope='row'] {white-space: nowrap;}
thead th {border-top: 0; font-weight: 600;}
thead th:not(:first-child)::after {content: ''; display: block; height: 3px; margin-top: 6px; border-radius: 2px;
  background: var(--model);}
thead small {display: block; white-space: nowrap; font-weight: 400; color: var(--muted); font-size: 12px;}
tr.asked > * {background: var(--mark); color: var(--ink);}
tr.asked > th {font-weight: 600;}
tr.asked > :first-child {border-radius: 6px 0 0 6px;}
tr.asked > :last-child {border-radius: 0 6px 6px 0;}
td.best {font-weight: 700;}
tr.group th {padding-bottom: 2px;}
tr.member th:first-child {padding-left: 24px;}
tr.member > * {border-top: 0; padding-top: 4px; padding-bottom: 4px;}
.whole {white-space: nowrap;}
figure {display: flex; flex-direction: column;}
figcaption {margin-bottom: 14px;}
figcaption .note {margin-top: 6px;}
figure svg {display: block; width: 100%; height: auto; margin-top: auto; overflow: visible;}
figure[id$='-test'] svg {margin-bottom: auto;}
figure.wide, .card.wide {grid-column: 1 / -1;}
figure image {image-rendering: pixelated;}
.narrow {display: none;}
dl {display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 24px; margin: 0; font-size: 15px;}
dt {color: var(--muted);}
dd {margin: 0; overflow-wrap: anywhere;}
code {font: .92em ui-monospace, 'DejaVu Sans Mono', monospace;}
.card h3:not(:first-child) {margin-top: 24px;}
.card h3 {margin-bottom: 10px;}
@media (max-width: 820px) {
  main {padding: 28px 12px 40px;}
  h1 {font-size: 27px;}
  h2 {margin-top: 40px;}
  .grid {grid-template-columns: minmax(0, 1fr); gap: 12px;}
  .card, figure {padding: 16px 12px;}
  .narrow {display: block;}
  .broad {display: none;}
}
@media (max-width: 480px) {
  table {font-size: 13.5px;}
  th, td {padding-left: 7px;}
  td:last-child, th:last-child {padding-right: 4px;}
  th:first-child {padding-left: 4px;}
  tr.member th:first-child {padding-left: 14px;}
  thead .whole, th[scope='row'] {white-space: normal;}
  thead small {font-size: 11px;}
  dl {grid-template-columns: minmax(0, 1fr); gap: 0;}
  dd {margin-bottom: 8px;}
}
@media (prefers-color-scheme: dark) {
  :root {--ink: ${ON_DARK[INK]}; --muted: ${ON_DARK[MUTED]}; --line: ${ON_DARK[LINE]}; --page: #0d1117;
    --card: ${ON_DARK[PAPER]}; --mark: #3a3012;}
  thead th:not(:first-child)::after {background: var(--model-dark);}
  ${DARK_FIGURES}
}
@media print {body {background: none;} figure, .card {break-inside: avoid;}}
`;
