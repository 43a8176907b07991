import {describe, expect, it} from 'vitest';
import {findFonts} from '../../../demos/experiments/fonts.js';
import {renderPng, renderSvg, type TopLevelSpec} from '../../../demos/shared/draw.js';
import {composePage} from '../../../demos/shared/page.js';
import {escapeMarkup, textWidth, tieNumbers, wrapText} from '../../../demos/shared/text.js';
import {inkOf, pixelsOf} from '../pixels.js';

const spec: TopLevelSpec = {
  data: {values: [{a: 'one', b: 1}]},
  mark: 'bar',
  encoding: {x: {field: 'b', type: 'quantitative', title: 'how many'}, y: {field: 'a', type: 'nominal'}},
};
const word =
  '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="40" viewBox="0 0 100 40"><text x="5" y="25">word</text></svg>';
const style = {font: 'sans-serif', ink: '#111111', muted: '#555555', line: '#cccccc', paper: '#ffffff'};

describe('renderSvg', () => {
  it('keeps text as text', async () => {
    const svg = await renderSvg(spec);
    expect(svg).toMatch(/^<svg[^>]+viewBox=/);
    expect(svg).toMatch(/<text[^>]*>how many<\/text>/);
  });
});

describe('renderPng', () => {
  it('has the width that was asked for', async () => {
    const {width} = pixelsOf(renderPng(await renderSvg(spec), 321, findFonts()));
    expect(width).toBe(321);
  });

  it('writes text with the fonts found', () => {
    expect(inkOf(renderPng(word, 200, findFonts()))).toBeGreaterThan(0.005);
  });

  it('says what to do when no font is found, rather than leave text out', () => {
    expect(() => renderPng(word, 200, ['no-such-font.ttf'])).toThrow(/expected a font.*fonts-dejavu-core/);
  });

  it('needs no font where there is no text', () => {
    const square =
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="5" height="10"/></svg>';
    // Half of the picture is black.
    expect(inkOf(renderPng(square, 100, ['no-such-font.ttf']))).toBe(0.5);
  });
});

describe('composePage', () => {
  const panel = (title: string, wide = false) => ({title, note: `note of ${title}`, svg: word, wide});
  const page = composePage(
    {
      title: 'A & B',
      subtitle: 'sub',
      sections: [{title: 'S', panels: [panel('one'), panel('two'), panel('three', true), panel('four')]}],
    },
    style,
  );
  const places = [...page.matchAll(/<svg x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)].map(
    ([, ...n]) => n.map(Number),
  );

  it('writes all titles and notes, escaped', () => {
    for (const text of ['A &amp; B', 'sub', 'S', 'one', 'note', 'of', 'four']) expect(page).toContain(text);
    expect(page).not.toContain('A & B');
  });

  it('puts two panels in a row, and a wide one in its own', () => {
    expect(places.length).toBe(4);
    const [one, two, three, four] = places;
    expect(one[1]).toBe(two[1]);
    expect(one[0] + one[2]).toBeLessThan(two[0]);
    expect(three[2]).toBe(two[0] + two[2] - one[0]);
    expect(three[1]).toBeGreaterThan(one[1] + one[3]);
    expect(four[1]).toBeGreaterThan(three[1] + three[3]);
  });

  it('refuses an SVG that says no size', () => {
    const broken = {...panel('one'), svg: '<svg></svg>'};
    const sections = [{title: 'S', panels: [broken]}];
    expect(() => composePage({title: '', subtitle: '', sections}, style)).toThrow(/viewBox/);
  });
});

describe('text', () => {
  it('is broken into lines that fit', () => {
    expect(wrapText('aa bb  cc dddddd e', line => line.length <= 5)).toEqual(['aa bb', 'cc', 'dddddd', 'e']);
    expect(wrapText('', () => true)).toEqual([]);
  });

  it('keeps a number with its sign or unit', () => {
    expect(tieNumbers('at ε = 0.1: 96.8 % in 3 min')).toBe('at ε\u00a0=\u00a00.1: 96.8\u00a0% in 3\u00a0min');
  });

  it('is measured wider when it is', () => {
    expect(textWidth('iii', 10)).toBeLessThan(textWidth('nnn', 10));
    expect(textWidth('nnn', 10)).toBeLessThan(textWidth('WWW', 10));
  });

  it('is escaped for tags and attributes', () => {
    expect(escapeMarkup(`<a href="x">&'`)).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&#39;');
  });
});
