import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import {formatTable, writeReport} from '../../../demos/experiments/report.js';
import {writeWhole} from '../../../demos/experiments/report/write_file.js';
import type {ExperimentResult} from '../../../demos/experiments/result.js';
import {attacksQuestion, experimentResult, noiseQuestion} from '../fixture.js';
import {inkOf, pixelsOf} from '../pixels.js';

const parent = mkdtempSync(join(tmpdir(), 'large-margin-report-'));
afterAll(() => rmSync(parent, {recursive: true, force: true}));
let made = 0;

async function write(result: ExperimentResult) {
  const folder = join(parent, `run${++made}`, 'mnist');
  const [html, png] = await writeReport(result, folder);
  return {folder, html: readFileSync(html, 'utf8'), png: readFileSync(png)};
}

/** The text of a page without its tags. */
const textOf = (html: string) =>
  html.replace(/<style>[\s\S]*?<\/style>|<[^>]+>/g, '').replace(/\u00a0/g, ' ');

describe('writeReport', () => {
  const whole = write(experimentResult());

  it('writes report.html and report.png, and leaves no temporary file', async () => {
    expect(readdirSync((await whole).folder).sort()).toEqual(['report.html', 'report.png']);
  });

  it('replaces the report of an earlier run', async () => {
    const {folder} = await write(experimentResult());
    await writeReport(experimentResult({command: 'npm start -- --seed 2'}), folder);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('--seed 2');
    expect(readdirSync(folder).length).toBe(2);
  });

  it('puts the table first, then the figures, then how it was run', async () => {
    const {html} = await whole;
    const places = ['<table>', '<figure', 'How it was run'].map(part => html.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(html.match(/<figure/g)!.length).toBe(9);
  });

  it('says what came out and how it was run', async () => {
    const text = textOf((await whole).html);
    for (const part of [
      ...['96.8 %', '93.4 %', '83.1 %', '32.3 %', 'a gain of 3.4 points', 'epsilon 0.1', '0.0297'],
      ...['npm start', 'AMD EPYC', 'tfjs-node 4.22.0', '1.43 GiB', '6:52 min', 'stored 2026-01-02'],
    ]) {
      expect(text).toContain(part);
    }
  });

  it('needs no script and no network', async () => {
    const {html} = await whole;
    expect(html.match(/<script|<link|@import|url\(| src=/g)).toBe(null);
    const addresses = new Set(html.match(/https?:\/\/[^"' )]+/g));
    expect([...addresses].filter(address => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  });

  it('draws a picture of 1600 pixels with ink all the way down', async () => {
    const {png} = await whole;
    expect(pixelsOf(png).width).toBe(1600);
    expect(inkOf(png)).toBeGreaterThan(0.02);
  });

  it('escapes what it is given', async () => {
    const [question] = [noiseQuestion()];
    question.title = 'a <b>title</b>';
    question.models[0].name = '<script>alert("1")</script>';
    question.models[0].recipe = `"quoted" & 'quoted'`;
    const machine = '<img src=x onerror=alert(1)>';
    const {html} = await write(
      experimentResult({questions: [question], machine, command: 'a && b', pictures: []}),
    );
    expect(html.match(/<script|<img|<b>/g)).toBe(null);
    for (const part of ['&lt;script&gt;', '&lt;img src=x', 'a &amp;&amp; b', 'a &lt;b&gt;title']) {
      expect(html).toContain(part);
    }
  });

  it('says so when the run was a quick one', async () => {
    const {html} = await write(experimentResult({quick: true}));
    expect(textOf(html)).toMatch(/Quick run: fewer pictures/);
    expect(textOf((await whole).html)).not.toMatch(/Quick run/);
  });

  it('reports one question with one model', async () => {
    const models = attacksQuestion().models.slice(0, 1);
    const {html, png} = await write(
      experimentResult({questions: [{...attacksQuestion(), models}], pictures: []}),
    );
    expect(textOf(html)).toContain('Accuracy under I-FGSM at epsilon 0.1: 32.3 % (cross-entropy).');
    expect(html.match(/NaN|undefined/g)).toBe(null);
    expect(inkOf(png)).toBeGreaterThan(0.01);
  });

  it('does not call it a gain when the baseline is the best', async () => {
    const question = noiseQuestion();
    question.models[0].testAccuracy = 0.99;
    const {html} = await write(experimentResult({questions: [question]}));
    expect(textOf(html)).toContain('no model does better than cross-entropy with 99.0 %');
    expect(textOf(html)).not.toContain('a gain of');
  });
});

describe('writeWhole', () => {
  it('leaves the old file and no new one when it fails', async () => {
    const folder = join(parent, 'broken');
    mkdirSync(join(folder, 'taken'), {recursive: true});
    writeFileSync(join(folder, 'taken', 'old'), 'old');
    // A folder that is not empty cannot be replaced by a file.
    await expect(writeWhole(join(folder, 'taken'), 'new')).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readFileSync(join(folder, 'taken', 'old'), 'utf8')).toBe('old');
  });
});

describe('formatTable', () => {
  const table = formatTable(experimentResult());

  it('fits into 100 columns of plain text', () => {
    const five = noiseQuestion();
    five.models = [...five.models, ...five.models.map(model => ({...model, name: `${model.name} again`}))];
    for (const text of [table, formatTable(experimentResult({questions: [five]}))]) {
      expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100);
      expect(text).toMatch(/^[\x20-\x7e\n]+$/);
    }
  });

  it('names the measures and marks the stored baseline', () => {
    expect(table).toMatch(/> test accuracy +93\.4 % +96\.8 % +95\.2 %/);
    expect(table).toMatch(/> +epsilon 0\.1 +32\.3 % +83\.1 %/);
    expect(table).toMatch(/ {4}input +1\.05 +2\.12/);
    expect(table).toMatch(/seconds a step +0\.0297 +0\.211/);
    expect(table).toContain('stored 2026-01-02');
  });

  it('shows a dash for what one model lacks', () => {
    const question = attacksQuestion();
    question.models[0].attacks = [];
    expect(formatTable(experimentResult({questions: [question]}))).toMatch(/epsilon 0\.1 +- +83\.1 %/);
  });

  it('is the same for the same result', () => {
    expect(formatTable(experimentResult())).toBe(table);
  });
});
