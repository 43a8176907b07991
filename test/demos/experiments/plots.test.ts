import {describe, expect, it} from 'vitest';
import {grayPng} from '../../../demos/experiments/figures/gray_png.js';
import {ON_DARK, modelColors} from '../../../demos/experiments/figures/palette.js';
import {spread} from '../../../demos/experiments/figures/spread.js';
import {figuresOf} from '../../../demos/experiments/plots.js';
import type {ExperimentResult} from '../../../demos/experiments/result.js';
import {renderSvg} from '../../../demos/shared/draw.js';
import {attacksQuestion, digit, experimentResult, noiseQuestion} from '../fixture.js';
import {pixelsOf} from '../pixels.js';

const result = experimentResult();
const allOf = (of: ExperimentResult) => figuresOf(of).flatMap(({figures}) => figures);
const figures = allOf(result);
const figure = (id: string) => figures.find(one => one.id === id)!;
const draw = (id: string) => renderSvg(figure(id).spec);

describe('figuresOf', () => {
  it('draws what each question has data for', () => {
    expect(figures.map(({id}) => id)).toEqual([
      ...['noise-validation', 'noise-test', 'noise-distances', 'noise-training'],
      ...['attacks-epsilon', 'attacks-test', 'pictures', 'attacks-distances', 'attacks-training'],
    ]);
  });

  it.each(figures.map(({id}) => id))('%s renders to an SVG with text and no broken number', async id => {
    for (const spec of [figure(id).spec, figure(id).narrow]) {
      if (!spec) continue;
      const svg = await renderSvg(spec);
      expect(svg.match(/<text/g)!.length).toBeGreaterThan(4);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
    expect(figure(id).title).not.toMatch(/NaN|undefined/);
  });

  it('gives a model the same colour in every figure, and every colour one for the dark', async () => {
    const colors = modelColors(result);
    expect(new Set(Object.values(colors)).size).toBe(3);
    expect(Object.keys(ON_DARK)).toEqual(expect.arrayContaining(Object.values(colors)));
    for (const {spec} of figures) expect(await renderSvg(spec)).toContain(colors['large margin']);
  });

  it('leaves out what was not measured', () => {
    const empty = {validationAccuracy: [], steps: [], inputDistances: [], attacks: [], testAccuracy: NaN};
    const models = attacksQuestion().models.map(model => ({...model, ...empty}));
    const questions = [{...attacksQuestion(), models}];
    expect(allOf(experimentResult({questions, pictures: []}))).toEqual([]);
  });

  it('draws one model, trained for one epoch', async () => {
    const [model] = noiseQuestion().models;
    const questions = [{...noiseQuestion(), models: [{...model, validationAccuracy: [0.91]}]}];
    const drawn = allOf(experimentResult({questions, pictures: []}));
    expect(drawn.length).toBe(4);
    for (const {spec} of drawn) expect(await renderSvg(spec)).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('titles', () => {
  it('say what is seen, best first', () => {
    expect(figure('noise-validation').title).toMatch(/96\.8 %.*95\.2 %.*93\.4 %/);
    // 1 - 0.968 and 1 - 0.934.
    expect(figure('noise-test').title).toBe(
      'Large margin gets 3.2 % of the test pictures wrong, cross-entropy 6.6 %',
    );
    expect(figure('attacks-epsilon').title).toBe(
      'Attacked with ε = 0.1, large margin reads 83.1 % and cross-entropy reads 32.3 % right',
    );
    // In the fixture 7 is read as 3, 1 as 8, 4 as 9, 4 as 7; the large margin errs once.
    expect(figure('pictures').title).toMatch(/Of 8 .* cross-entropy reads 4 and large margin reads 7 right/);
  });
});

describe('marks', () => {
  it('show a stored baseline with its date', async () => {
    expect(await draw('noise-test')).toContain('stored 2026-01-02');
  });

  it('show chance and the numbers at the epsilon asked about', async () => {
    const svg = await draw('attacks-epsilon');
    for (const text of ['guessing', '83.1 %', '32.3 %']) expect(svg).toContain(text);
  });

  it('show each attacked picture with its label and prediction', async () => {
    const svg = await draw('pictures');
    expect(svg.match(/<image/g)!.length).toBe(16);
    for (const text of ['7 read as 3', '7 read as 7']) expect(svg).toContain(text);
  });
});

describe('spread', () => {
  it('leaves values alone that are far enough apart', () => {
    expect(spread([5, 1, 9], 2)).toEqual([5, 1, 9]);
  });

  it('moves neighbours apart about their mean, in their order', () => {
    // 1 and 1.5 about 1.25: 0.25 and 2.25.
    expect(spread([1.5, 1, 9], 2)).toEqual([2.25, 0.25, 9]);
    // All three about 2.
    expect(spread([2, 2, 2], 1)).toEqual([1, 2, 3]);
  });
});

describe('grayPng', () => {
  it('keeps each pixel', () => {
    const pixels = digit(4, 0.1, 1);
    const {width, height, rgba} = pixelsOf(Buffer.from(grayPng(pixels, 28).split(',')[1], 'base64'));
    expect([width, height]).toEqual([28, 28]);
    expect(pixels.map((_, i) => rgba[i * 4])).toEqual(pixels.map(pixel => Math.round(pixel * 255)));
  });

  it('refuses a last row that is not whole', () => {
    expect(() => grayPng([0, 1, 0], 2)).toThrow(/expected rows of 2 pixels, got 3/);
  });
});
