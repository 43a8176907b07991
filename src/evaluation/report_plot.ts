import type {Figure, RobustnessReport} from './figure.js';
import type {PlotSpec} from './margin_plot.js';

const SIZE = {width: 460, height: 300};
const INK = '#1f2933';
const GRAY = '#5b6470';

/**
 * Draws a report: accuracy against epsilon, a line for each attack and source net, the worst case in black, guessing
 * dotted. A figure that a flag concerns is a cross, and its line is dashed; all others are dots.
 *
 * @returns A Vega-Lite (version 5 or 6) specification that holds its data.
 */
export function reportPlot(report: RobustnessReport): PlotSpec {
  const {attacks, transfer, worstCase, classes, examples, norm, epsilons} = report;
  const series = [...attacks, ...transfer];
  const names = [...new Set(series.map(nameOf))];
  const lines = names.flatMap(name =>
    pointsOf(
      name,
      report,
      series.filter(figure => nameOf(figure) === name),
    ),
  );
  const worst = pointsOf('worst case', report, worstCase);
  const unreliable = [...lines, ...worst].filter(({isReliable}) => !isReliable).length;
  const subtitle = [`${examples} examples, norm ${norm}`, ...(unreliable > 0 ? ['crosses: unreliable'] : [])];
  const x = {
    field: 'epsilon',
    type: 'quantitative',
    title: 'epsilon',
    scale: {domain: [0, epsilons[epsilons.length - 1]], nice: false},
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative',
    title: 'right under attack (%)',
    scale: {domain: [0, 100]},
  };
  const color = {
    field: 'name',
    type: 'nominal',
    title: 'attack',
    scale: {domain: ['worst case', ...names], range: [INK, ...names.map((_, i) => HUES[i % HUES.length])]},
  };
  const doubtful = new Set([...lines, ...worst].filter(({isReliable}) => !isReliable).map(({name}) => name));
  const layersOf = (values: Point[], width: number): PlotSpec[] => [
    {
      data: {values: values.filter(({name}) => !doubtful.has(name))},
      mark: {type: 'line', strokeWidth: width, opacity: 0.9},
      encoding: {x, y, color},
    },
    {
      data: {values: values.filter(({name}) => doubtful.has(name))},
      mark: {type: 'line', strokeWidth: width, strokeDash: [5, 4], opacity: 0.5},
      encoding: {x, y, color},
    },
    {
      data: {values: values.filter(({isReliable}) => isReliable)},
      mark: {type: 'point', filled: true, size: 20 * width, opacity: 1},
      encoding: {x, y, color},
    },
    {
      data: {values: values.filter(({isReliable}) => !isReliable)},
      mark: {type: 'point', shape: CROSS, filled: false, size: 70, strokeWidth: 2, opacity: 0.8},
      encoding: {x, y, color},
    },
  ];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {text: 'Accuracy under attack', subtitle: subtitle.join('; '), anchor: 'start'},
    config: {view: {stroke: null}, axis: {grid: false, tickCount: 6}},
    ...SIZE,
    layer: [
      {
        data: {values: [{accuracy: 100 / classes}]},
        mark: {type: 'rule', color: GRAY, strokeDash: [2, 4]},
        encoding: {y},
      },
      ...layersOf(lines, 1.5),
      ...layersOf(worst, 3),
    ],
  };
}

const CROSS = 'M-1,-1L1,1M-1,1L1,-1';

const HUES = [
  ...['#4c78a8', '#f58518', '#54a24b', '#e45756', '#72b7b2', '#b279a2', '#9d755d', '#eeca3b'],
  ...['#ff9da6', '#7f7f7f'],
];

interface Point {
  name: string;
  epsilon: number;
  /** In percent. */
  accuracy: number;
  isReliable: boolean;
  reasons: string;
}

/** A line begins where nothing was changed. */
function pointsOf(name: string, {clean}: RobustnessReport, figures: Figure[]): Point[] {
  return [{...clean, epsilon: 0}, ...figures].map(({epsilon = 0, accuracy, reliable, reasons}) => ({
    ...{name, epsilon, accuracy: 100 * accuracy},
    ...{isReliable: reliable, reasons: reasons.join('; ')},
  }));
}

function nameOf({kind, name}: Figure): string {
  return kind === 'transfer' ? `transfer from ${name}` : name;
}
