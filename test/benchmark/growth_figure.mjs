import {writeFileSync} from 'node:fs';

const CROSS_ENTROPY = 'cross-entropy';
const COLORS = {[CROSS_ENTROPY]: '#6c7480', 'first-order': '#1766b5', exact: '#cf6d0c'};
const WIDTH = 1400;
const FONT = 'Inter, sans-serif';
const ROUND_MS = [1, 2, 5].flatMap(digit => [1, 10, 100, 1000, 10_000].map(power => digit * power));

const panels = [
  {sweep: 'batch', title: 'Batch', axis: 'examples in a batch', of: 'ms', unit: 'ms a step', log: true},
  {
    sweep: 'classes',
    title: 'Classes (batch 64)',
    axis: 'classes',
    of: 'ratio',
    unit: 'x cross-entropy',
    log: true,
  },
  {
    sweep: 'layers',
    title: 'Margin layers, the latest first (batch 64)',
    axis: 'margin layers',
    of: 'ratio',
    unit: 'x cross-entropy',
  },
  {sweep: 'rivals', title: 'Rivals (batch 64)', axis: 'rivals', of: 'ratio', unit: 'x cross-entropy'},
];

/** Draws how the cost grows, four panels of one row of sound measurements each, into a PNG. */
export async function drawGrowth(rows, file) {
  // Made by the build; the benchmark's command builds first.
  const {renderPng, renderSvg} = await import('../../build/demos/shared/draw.js');
  const {findFonts} = await import('../../build/demos/experiments/fonts.js');
  const svg = await renderSvg(growthSpec(rows));
  writeFileSync(file, renderPng(svg, WIDTH, findFonts()));
}

/** The figure as a vega-lite spec; panels without rows are left out. */
export function growthSpec(rows) {
  const sound = rows.filter(row => !row.problem);
  const concat = panels.flatMap(panel => {
    const points = pointsOf(sound, panel);
    return points.length > 0 ? [panelSpec(panel, points)] : [];
  });
  const engine = [...new Set(sound.map(row => row.engineTitle))].join(', ');
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {
      text: "What a step of the paper's MNIST CNN costs",
      subtitle: engine,
      anchor: 'start',
      fontSize: 17,
      subtitleFontSize: 13,
    },
    background: '#ffffff',
    padding: 14,
    columns: 2,
    align: 'each',
    spacing: 34,
    concat,
    config: {
      font: FONT,
      view: {stroke: null},
      axis: {labelFontSize: 12, titleFontSize: 12, gridColor: '#dfe3e9'},
      legend: {labelFontSize: 13},
    },
  };
}

function pointsOf(rows, {sweep, of}) {
  return rows.flatMap(row => {
    if (row.sweep !== sweep || row.at === undefined) return [];
    const isBase = row.mode === 'ce';
    if (of === 'ratio' && isBase) return [];
    const value = of === 'ms' ? row.ms : row.toCrossEntropy;
    return [{at: row.at, value, curve: isBase ? CROSS_ENTROPY : row.curve}];
  });
}

function panelSpec({title, axis, of, unit, log}, values) {
  const places = [...new Set(values.map(({at}) => at))].sort((a, b) => a - b);
  const x = {
    ...{field: 'at', type: 'quantitative'},
    scale: log ? {type: 'log', nice: false} : {domain: [0, Math.max(...places)]},
    axis: {title: axis, values: places, grid: false, format: 'd', labelFlush: false},
  };
  const y = {
    ...{field: 'value', type: 'quantitative'},
    scale: of === 'ms' ? {type: 'log'} : {zero: true},
    axis: {title: unit, minExtent: 44, ...(of === 'ms' ? {values: ROUND_MS, format: 'd'} : {tickCount: 6})},
  };
  const color = {
    ...{field: 'curve', type: 'nominal'},
    scale: {domain: Object.keys(COLORS), range: Object.values(COLORS)},
    legend: {orient: 'top', title: null, symbolType: 'stroke', symbolStrokeWidth: 3},
  };
  return {
    title: {text: title, anchor: 'start', fontSize: 13},
    ...{width: 420, height: 240, data: {values}},
    mark: {type: 'line', strokeWidth: 2.5, point: {size: 60}},
    encoding: {x, y, color},
  };
}
