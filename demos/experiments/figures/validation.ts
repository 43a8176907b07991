import type {Question} from '../result.js';
import {ranked} from '../answers.js';
import {listing, percent, sentence} from '../wording.js';
import {BASE, PLOT, colorChannel, type Figure} from './figure.js';
import type {ModelColors} from './palette.js';
import {spread} from './spread.js';

/** Validation accuracy by epoch, a line for each model, which ends in a diamond at its test accuracy. */
export function validationFigure(question: Question, colors: ModelColors): Figure | undefined {
  const models = question.models.filter(({validationAccuracy}) => validationAccuracy.length > 0);
  if (models.length === 0) return undefined;
  const names = models.map(({name}) => name);
  const last = Math.max(...models.map(({validationAccuracy}) => validationAccuracy.length));
  const testAt = last + Math.max(0.35, (last - 1) * 0.14);

  const lines = models.flatMap(({name, validationAccuracy}) =>
    validationAccuracy.map((share, i) => ({model: name, epoch: i + 1, accuracy: share * 100})),
  );
  const tested = models.filter(({testAccuracy}) => Number.isFinite(testAccuracy));
  const ends = tested.map(({name, testAccuracy}) => ({
    model: name,
    epoch: testAt,
    accuracy: testAccuracy * 100,
  }));
  const bridges = ends.flatMap(end => [...lines.filter(({model}) => model === end.model).slice(-1), end]);

  const values = [...lines, ...ends].map(({accuracy}) => accuracy);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = Math.max(0.5, (high - low) * 0.12);
  const domain = [Math.max(0, low - pad), Math.min(100, high + pad)];
  const places = spread(
    ends.map(({accuracy}) => accuracy),
    (domain[1] - domain[0]) * 0.075,
  );
  const labels = ends.map((end, i) => ({...end, place: places[i], text: percent(end.accuracy / 100)}));

  const every = Math.max(1, Math.ceil(last / 10));
  const epochs = Array.from({length: last}, (_, i) => i + 1).filter(epoch => epoch % every === 0);
  const ticks = tested.length > 0 ? [...epochs, testAt] : epochs;
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: {domain: [Math.min(1, last - 0.5), testAt], nice: false, padding: 10},
    axis: {
      title: 'epoch',
      values: ticks,
      labelExpr: `datum.value > ${last} ? 'test' : format(datum.value, 'd')`,
      labelOverlap: false as const,
    },
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative' as const,
    scale: {domain, nice: false, zero: false},
    axis: {title: 'accuracy (%)'},
  };
  const color = colorChannel(names, colors);
  return {
    id: `${question.id}-validation`,
    title: sentence(
      `on the test set ${listing(ranked(question, tested).map(m => `${m.name} reaches ${percent(m.testAccuracy)}`))}`,
    ),
    note: 'Lines: clean validation pictures read right after each epoch. Diamonds: the test set.',
    spec: {
      ...BASE,
      ...PLOT,
      width: PLOT.width - 52,
      layer: [
        {
          data: {values: bridges},
          mark: {type: 'line', strokeWidth: 1.5, strokeDash: [2, 4]},
          encoding: {x, y, color},
        },
        {
          data: {values: lines},
          mark: {type: 'line', point: {size: 42, filled: true, opacity: 1}},
          encoding: {x, y, color},
        },
        {
          data: {values: ends},
          mark: {type: 'point', shape: 'diamond', filled: true, size: 120, opacity: 1},
          encoding: {x, y, color},
        },
        {
          data: {values: labels},
          mark: {type: 'text', align: 'left', dx: 10, fontWeight: 600, fontSize: 13},
          encoding: {x, y: {...y, field: 'place'}, text: {field: 'text'}, color},
        },
      ],
    },
  };
}
