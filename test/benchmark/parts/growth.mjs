import {drawGrowth} from '../growth_figure.mjs';
import {modes} from '../modes.mjs';
import {layerName} from '../nets/sequential.mjs';

const {ce} = modes;
const COMMON = {net: 'mnist-cnn', rounds: 3};
/** The layers of the paper's net that carry a margin, the latest first. */
const LAYERS = [layerName(5), layerName(2), layerName(0), 'input'];

/** First-order and exact: what both are called in the figure, and the step's cost by guess. */
const GRADIENTS = [
  {gradient: 'firstOrder', curve: 'first-order', cost: 1.6},
  {gradient: 'exact', curve: 'exact', cost: 2.8},
];

/** Each sweep varies one thing; `at` of a mode, or of a case, is its place on the axis. */
const sweeps = [
  {
    sweep: 'batch',
    cases: [16, 64, 256, 512].map(batch => ({batch, classes: 10, at: batch, modes: [ce, ...curves({})]})),
  },
  {
    sweep: 'classes',
    cases: [10, 30, 100, 300].map(classes => ({batch: 64, classes, at: classes, modes: [ce, ...curves({})]})),
  },
  {
    sweep: 'layers',
    cases: [
      {
        ...{batch: 64, classes: 10},
        modes: [
          ce,
          ...LAYERS.flatMap((_, i) => curves({layers: LAYERS.slice(0, i + 1)}, i + 1, `layers: ${i + 1}`)),
        ],
      },
    ],
  },
  {
    sweep: 'rivals',
    cases: [
      {
        batch: 64,
        classes: 10,
        modes: [ce, ...[1, 3, 5, 9].flatMap(topK => curves({topK}, topK, `k${topK}`))],
      },
    ],
  },
];

function curves(changes, at, title = 'k1') {
  return GRADIENTS.map(({gradient, curve, cost}) => ({
    ...{name: `${gradient}-${title.replace(': ', '')}`, title: `${curve}, ${title}`, curve, at},
    cost: 1 + (cost - 1) * (changes.topK ?? 1),
    margin: {...modes['all-k1'].margin, ...changes, gradient},
  }));
}

export const part = {
  name: 'growth',
  order: 5,
  always: true,
  about: 'how the cost grows with batch, classes, margin layers and rivals: tuned tfjs-node, a figure',
  figure: drawGrowth,
  cases: () => sweeps.flatMap(({sweep, cases}) => cases.map(one => ({...COMMON, ...one, sweep}))),
};
