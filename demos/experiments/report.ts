import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {renderPng, renderSvg} from '../shared/draw.js';
import {composePage} from '../shared/page.js';
import {FONT, INK, LINE, MUTED, PAPER} from './figures/palette.js';
import {findFonts} from './fonts.js';
import {figuresOf} from './plots.js';
import {TITLE, reportPage, subtitleOf, type DrawnGroup} from './report/page.js';
import {writeWhole} from './report/write_file.js';
import type {ExperimentResult} from './result.js';

export {formatTable} from './report/terminal_table.js';

const PNG_WIDTH = 1600;

/**
 * Writes report.html, which needs no other file and no network, and report.png, its plots as one picture.
 *
 * @param folder is made when it is not there
 * @returns the paths of the files written
 */
export async function writeReport(result: ExperimentResult, folder: string): Promise<string[]> {
  await mkdir(folder, {recursive: true});
  const groups = await drawAll(result);
  const [html, png] = [join(folder, 'report.html'), join(folder, 'report.png')];
  await writeWhole(html, reportPage(result, groups));
  await writeWhole(png, renderPng(pictureOf(result, groups), PNG_WIDTH, findFonts()));
  return [html, png];
}

async function drawAll(result: ExperimentResult): Promise<DrawnGroup[]> {
  const groups: DrawnGroup[] = [];
  for (const {title, figures} of figuresOf(result)) {
    const drawn = figures.map(async ({spec, narrow, ...words}) => ({
      ...words,
      svg: await renderSvg(spec),
      narrowSvg: narrow && (await renderSvg(narrow)),
    }));
    groups.push({title, figures: await Promise.all(drawn)});
  }
  return groups;
}

function pictureOf(result: ExperimentResult, groups: DrawnGroup[]): string {
  const sections = groups.map(({title, figures}) => ({
    title,
    panels: figures.map(({narrowSvg, ...figure}) => ({...figure, wide: narrowSvg !== undefined})),
  }));
  const style = {font: FONT, ink: INK, muted: MUTED, line: LINE, paper: PAPER};
  return composePage({title: TITLE, subtitle: subtitleOf(result), sections}, style);
}
