import type {TopLevelSpec} from '../../shared/draw.js';
import type {ExperimentResult} from '../result.js';
import {listing} from '../wording.js';
import {BASE, type Figure} from './figure.js';
import {grayPng} from './gray_png.js';
import {INK, RIGHT, WRONG, type ModelColors} from './palette.js';

type Pictures = ExperimentResult['pictures'];

const SIDE = 28;
const CELL = {width: 108, picture: 84, head: 30, caption: 26};
const ROW = CELL.head + CELL.picture + CELL.caption;
const CHECK = 'M-1,0.1L-0.3,0.8L1,-0.7';
const CROSS = 'M-0.8,-0.8L0.8,0.8M0.8,-0.8L-0.8,0.8';

/** The attacked pictures, a row for each model that was attacked; under each what it shows and what the model reads. */
export function picturesFigure(pictures: Pictures, colors: ModelColors): Figure | undefined {
  const names = [...new Set(pictures.flatMap(({models}) => models.map(({name}) => name)))];
  if (names.length === 0) return undefined;
  const rights = names.map(name => ({
    name,
    right: entriesOf(pictures, name).filter(entry => entry.isRight).length,
  }));
  const epsilons = [...new Set(pictures.map(({epsilon}) => epsilon))];
  const scores = listing(rights.map(({name, right}) => `${name} reads ${right}`));
  return {
    id: 'pictures',
    title: `Of ${pictures.length} test pictures attacked with ε = ${listing(epsilons.map(String))}, ${scores} right`,
    note: 'Each model faces the pictures that were attacked to mislead it. Green tick: read right; red cross: read wrong.',
    spec: strip(pictures, names, 8, colors),
    narrow: strip(pictures, names, 4, colors),
  };
}

function entriesOf(pictures: Pictures, model: string) {
  return pictures.flatMap(({label, models}, place) =>
    models
      .filter(({name}) => name === model)
      .map(({pixels, prediction}) => ({place, label, pixels, prediction, isRight: prediction === label})),
  );
}

/** Pixel positions stand for scales: the figure is a table. Pictures beyond the columns go to further blocks of rows. */
function strip(pictures: Pictures, names: string[], columns: number, colors: ModelColors): TopLevelSpec {
  const blocks = Math.ceil(pictures.length / columns);
  const top = (block: number, row: number) => (block * names.length + row) * ROW;
  const cells = names.flatMap((name, row) =>
    entriesOf(pictures, name).map(({place, label, pixels, prediction, isRight}) => {
      const left = (place % columns) * CELL.width;
      const y = top(Math.floor(place / columns), row) + CELL.head;
      return {
        url: grayPng(pixels, SIDE),
        ...{left, top: y, right: left + CELL.picture, bottom: y + CELL.picture},
        ...{middleX: left + CELL.picture / 2, middleY: y + CELL.picture / 2},
        ...{sign: left + 8, under: y + CELL.picture + 14},
        ...{
          text: `${label} read as ${prediction}`,
          color: isRight ? RIGHT : WRONG,
          shape: isRight ? CHECK : CROSS,
        },
      };
    }),
  );
  const heads = Array.from({length: blocks}, (_, block) =>
    names.map((name, row) => ({
      left: 0,
      under: top(block, row) + CELL.head - 14,
      text: name,
      color: colors[name] ?? INK,
    })),
  ).flat();
  const at = (field: string) => ({field, type: 'quantitative' as const, scale: null, axis: null});
  const color = {field: 'color', type: 'nominal' as const, scale: null, legend: null};
  const text = {field: 'text', type: 'nominal' as const};
  return {
    ...BASE,
    width: columns * CELL.width - (CELL.width - CELL.picture),
    height: blocks * names.length * ROW,
    data: {values: cells},
    layer: [
      {
        data: {values: heads},
        mark: {type: 'text', align: 'left', baseline: 'middle', fontSize: 13, fontWeight: 600},
        encoding: {x: at('left'), y: at('under'), text, color},
      },
      {
        mark: {type: 'image', width: CELL.picture, height: CELL.picture},
        encoding: {x: at('middleX'), y: at('middleY'), url: {field: 'url', type: 'nominal'}},
      },
      {
        mark: {type: 'rect', filled: false, strokeWidth: 2.5},
        encoding: {x: at('left'), x2: {field: 'right'}, y: at('top'), y2: {field: 'bottom'}, color},
      },
      {
        mark: {type: 'point', filled: false, strokeWidth: 2, size: 64, opacity: 1},
        encoding: {
          x: at('sign'),
          y: at('under'),
          shape: {field: 'shape', type: 'nominal', scale: null},
          color,
        },
      },
      {
        mark: {type: 'text', align: 'left', baseline: 'middle', dx: 11, fontSize: 12},
        encoding: {x: at('sign'), y: at('under'), text, color},
      },
    ],
  };
}
