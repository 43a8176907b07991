import {escapeMarkup, textWidth, tieNumbers, wrapText} from './text.js';

/** One picture of a page. `wide` takes a whole row. */
export interface Panel {
  title: string;
  note: string;
  svg: string;
  wide?: boolean;
}

export interface Section {
  title: string;
  panels: Panel[];
}

export interface PageStyle {
  font: string;
  ink: string;
  muted: string;
  line: string;
  paper: string;
}

/** Something with a height that can be put anywhere. */
interface Block {
  height: number;
  at: (x: number, y: number) => string;
}

const WIDTH = 1600;
const MARGIN = 64;
const GUTTER = 64;
const FULL = WIDTH - 2 * MARGIN;
const HALF = (FULL - GUTTER) / 2;
const SIZES = {page: 46, subtitle: 22, section: 30, panel: 24, note: 19};

/** Puts SVGs on one page, two in a row, each under its title; sections one below the other. Returns an SVG. */
export function composePage(
  {title, subtitle, sections}: {title: string; subtitle: string; sections: Section[]},
  {font, ink, muted, line, paper}: PageStyle,
): string {
  const parts: string[] = [];
  let y = MARGIN;
  const put = (block: Block, gap: number) => {
    parts.push(block.at(MARGIN, y));
    y += block.height + gap;
  };
  const strong = `fill="${ink}" font-weight="600"`;
  const weak = `fill="${muted}"`;
  const rule = {
    height: 2,
    at: (x: number, top: number) => `<rect x="${x}" y="${top}" width="${FULL}" height="2" fill="${line}"/>`,
  };

  put(textBlock(title, FULL, SIZES.page, strong), 4);
  put(textBlock(subtitle, FULL, SIZES.subtitle, weak), 40);
  for (const section of sections) {
    put(rule, 28);
    put(textBlock(section.title, FULL, SIZES.section, strong), 28);
    for (const panels of rowsOf(section.panels)) {
      const width = panels[0].wide ? FULL : HALF;
      const heads = panels.map(panel =>
        stack(
          [
            textBlock(panel.title, width, SIZES.panel, strong),
            textBlock(panel.note, width, SIZES.note, weak),
          ],
          6,
        ),
      );
      put(sideBySide(heads, 'top'), 20);
      put(
        sideBySide(
          panels.map(({svg}) => svgBlock(svg, width)),
          'bottom',
        ),
        60,
      );
    }
  }
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`;
  const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  const background = `<rect width="${WIDTH}" height="${y}" fill="${paper}"/>`;
  return `<svg ${names} ${size} font-family="${escapeMarkup(font)}">${background}${parts.join('')}</svg>`;
}

function rowsOf(panels: Panel[]): Panel[][] {
  const rows: Panel[][] = [];
  for (const panel of panels) {
    const last = rows[rows.length - 1];
    if (last?.length === 1 && !last[0].wide && !panel.wide) last.push(panel);
    else rows.push([panel]);
  }
  return rows;
}

function textBlock(text: string, width: number, size: number, style: string): Block {
  const lines = wrapText(tieNumbers(text), line => textWidth(line, size) <= width);
  const leading = Math.round(size * 1.35);
  const draw = (words: string, x: number, y: number) =>
    `<text x="${x}" y="${y + size}" font-size="${size}" ${style}>${escapeMarkup(words)}</text>`;
  return {
    height: lines.length * leading,
    at: (x, y) => lines.map((words, i) => draw(words, x, y + i * leading)).join(''),
  };
}

/** An SVG as part of another: where it is put decides its place and size, its own view box stays. */
function svgBlock(svg: string, width: number): Block {
  const root = /<svg[^>]*>/.exec(svg)?.[0] ?? '';
  const box = /viewBox="([^"]+)"/.exec(root)?.[1];
  if (!box) throw new Error('composePage: expected SVGs with a viewBox');
  const [, , boxWidth, boxHeight] = box.split(/[\s,]+/).map(Number);
  const height = Math.round((width * boxHeight) / boxWidth);
  const content = svg.slice(svg.indexOf(root) + root.length);
  const place = (x: number, y: number) =>
    `x="${x}" y="${y}" width="${width}" height="${height}" viewBox="${box}"`;
  return {height, at: (x, y) => `<svg ${place(x, y)}>${content}`};
}

function stack(blocks: Block[], gap: number): Block {
  const tops = blocks.map((_, i) => blocks.slice(0, i).reduce((sum, {height}) => sum + height + gap, 0));
  return {
    height: blocks.reduce((sum, {height}) => sum + height, (blocks.length - 1) * gap),
    at: (x, y) => blocks.map((block, i) => block.at(x, y + tops[i])).join(''),
  };
}

function sideBySide(blocks: Block[], align: 'top' | 'bottom'): Block {
  const height = Math.max(...blocks.map(block => block.height));
  const drop = (block: Block) => (align === 'bottom' ? height - block.height : 0);
  return {
    height,
    at: (x, y) => blocks.map((block, i) => block.at(x + i * (HALF + GUTTER), y + drop(block))).join(''),
  };
}
