import type {ModelResult, Question} from '../result.js';
import {listing, short} from '../wording.js';
import {BASE, PLOT, colorChannel, type Figure} from './figure.js';
import {INK, MUTED, type ModelColors} from './palette.js';

const BINS = 32;
/** Share of examples beyond either end of the axis: the linear estimate has a long tail. */
const TAIL = 0.01;

/** Histogram of the signed distances of test pictures to the boundary at the input, an outline for each model. */
export function distancesFigure(question: Question, colors: ModelColors): Figure | undefined {
  const models = question.models
    .map(model => ({...model, distances: model.inputDistances.filter(Number.isFinite)}))
    .filter(({distances}) => distances.length > 0);
  if (models.length === 0) return undefined;
  const ends = models.map(({distances, medianDistances}) => {
    const sorted = [...distances].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
    return {median: medianDistances.input ?? at(0.5), low: at(TAIL), high: at(1 - TAIL)};
  });
  const low = Math.min(0, ...ends.map(end => end.low));
  const high = Math.max(low + 1e-6, ...ends.map(end => end.high));
  const bins = models.flatMap(model => histogram(model.name, model.distances, low, high));
  const medians = models.map(({name}, i) => ({model: name, distance: ends[i].median}));
  const top = Math.max(...bins.map(({share}) => share));
  const x = {
    field: 'distance',
    type: 'quantitative' as const,
    scale: {domain: [low, high], nice: false},
    axis: {title: 'l2 distance to the boundary at the input (black 0, white 1)', tickCount: 7},
  };
  const y = {
    field: 'share',
    type: 'quantitative' as const,
    scale: {domain: [0, top * 1.16], nice: false},
    axis: {title: 'test pictures in a bin (%)'},
  };
  const names = models.map(({name}) => name);
  return {
    id: `${question.id}-distances`,
    title: titleOf(models, medians),
    note: 'Linear estimate of the distance to the strongest rival; left of 0: read wrong. Dashed: medians. Each end of the axis leaves out 1 % at most.',
    spec: {
      ...BASE,
      ...PLOT,
      layer: [
        {
          data: {values: bins},
          mark: {type: 'area', interpolate: 'step-after', opacity: 0.22, line: {strokeWidth: 2}},
          encoding: {x, y: {...y, stack: null}, color: colorChannel(names, colors)},
        },
        {
          data: {values: medians},
          mark: {type: 'rule', strokeDash: [5, 3], strokeWidth: 1.5},
          encoding: {x, color: colorChannel(names, colors)},
        },
        {data: {values: [{distance: 0}]}, mark: {type: 'rule', color: INK, strokeWidth: 1}, encoding: {x}},
        {
          data: {values: [{distance: 0}]},
          mark: {type: 'text', align: 'left', dx: 5, dy: 8, fontSize: 11},
          encoding: {x, y: {value: 0}, text: {value: 'boundary'}, color: {value: MUTED}},
        },
      ],
    },
  };
}

function histogram(model: string, distances: number[], low: number, high: number) {
  const counts = new Array<number>(BINS).fill(0);
  const width = (high - low) / BINS;
  for (const distance of distances) {
    const bin = Math.floor((distance - low) / width);
    if (bin >= 0 && bin < BINS) counts[bin]++;
  }
  const shares = counts.map(count => (count / distances.length) * 100);
  return [...shares, 0].map((share, i) => ({model, distance: low + i * width, share}));
}

function titleOf(models: ModelResult[], medians: Array<{distance: number}>): string {
  const parts = models.map(({name}, i) => ({
    text: `${short(medians[i].distance)} (${name})`,
    at: medians[i].distance,
  }));
  parts.sort((a, b) => b.at - a.at);
  return `Half of the test pictures lie farther from the boundary than ${listing(parts.map(({text}) => text))}`;
}
