import type {ModelResult, Question} from '../result.js';
import {listing, short} from '../wording.js';
import {BASE, PLOT, colorChannel, type Figure} from './figure.js';
import type {ModelColors} from './palette.js';

interface Point {
  model: string;
  step: number;
  value: number;
}

const MOST_POINTS = 300;
/** From this ratio of largest to smallest on, a linear axis would show a corner. */
const LOGARITHMIC_FROM = 30;
/** Single steps are noisy: the title gives the mean of the last ones. */
const TITLE_POINTS = 5;

/** Label loss and margin penalty by training step: faint as logged, strong its moving average. */
export function trainingFigure(question: Question, colors: ModelColors): Figure | undefined {
  const models = question.models.filter(({steps}) => steps.length > 1);
  if (models.length === 0) return undefined;
  const losses = models.flatMap(model => pointsOf(model, 'crossEntropy'));
  const margins = models.flatMap(model => pointsOf(model, 'margin'));
  const names = models.map(({name}) => name);
  const last = Math.max(...models.flatMap(({steps}) => steps.map(({step}) => step)));
  const panel = (points: Point[], title: string, isLowest: boolean) => {
    const x = {
      field: 'step',
      type: 'quantitative' as const,
      scale: {domain: [0, last], nice: false},
      axis: isLowest ? {title: 'training step', tickCount: 6} : {title: null, labels: false, tickCount: 6},
    };
    const {scale, ticks} = axisOf(points);
    const y = (field: string) => ({field, type: 'quantitative' as const, scale, axis: {title, ...ticks}});
    const color = colorChannel(names, colors);
    return {
      width: PLOT.width,
      height: margins.length > 0 ? (PLOT.height - 14) / 2 : PLOT.height,
      data: {values: points},
      layer: [
        {mark: {type: 'line' as const, strokeWidth: 1, opacity: 0.35}, encoding: {x, y: y('value'), color}},
        {mark: {type: 'line' as const, strokeWidth: 2.25}, encoding: {x, y: y('smooth'), color}},
      ],
    };
  };
  const upper = panel(smoothed(losses), 'cross-entropy (nats)', margins.length === 0);
  const lower = panel(smoothed(margins), 'margin penalty', true);
  return {
    id: `${question.id}-training`,
    title: titleOf(models),
    note: 'Mean over the batch of each logged step, and its moving average. The margin penalty is in the units of the recipe.',
    spec: margins.length > 0 ? {...BASE, spacing: 14, vconcat: [upper, lower]} : {...BASE, ...upper},
  };
}

function pointsOf({name, steps}: ModelResult, key: 'crossEntropy' | 'margin'): Point[] {
  const stride = Math.ceil(steps.length / MOST_POINTS);
  return steps
    .filter((entry, i) => i % stride === 0 && Number.isFinite(entry[key]))
    .map(entry => ({model: name, step: entry.step, value: entry[key]!}));
}

/** Adds the mean of the neighbours, a tenth of the points of the same model in all. */
function smoothed(points: Point[]): Array<Point & {smooth: number}> {
  return points.map(point => {
    const own = points.filter(({model}) => model === point.model);
    const at = own.indexOf(point);
    const reach = Math.min(Math.floor(own.length / 20), at, own.length - 1 - at);
    const near = own.slice(at - reach, at + reach + 1);
    return {...point, smooth: near.reduce((sum, {value}) => sum + value, 0) / near.length};
  });
}

function axisOf(points: Point[]) {
  const values = points.map(({value}) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low <= 0 || high / low < LOGARITHMIC_FROM)
    return {scale: {zero: false, nice: true}, ticks: {tickCount: 4}};
  const decades = Array.from({length: 25}, (_, i) => 10 ** (i - 12));
  const marks = decades
    .flatMap(decade => [decade, 3 * decade])
    .filter(value => value >= low && value <= high);
  return {scale: {type: 'log' as const, nice: false}, ticks: {values: marks, format: '~g'}};
}

function titleOf(models: ModelResult[]): string {
  const withMargin = models.filter(({steps}) => steps.some(({margin}) => margin !== undefined));
  const key = withMargin.length > 0 ? 'margin' : 'crossEntropy';
  const parts = (withMargin.length > 0 ? withMargin : models).map(({name, steps}) => {
    const values = steps.map(step => step[key] ?? NaN).filter(Number.isFinite);
    const end = values.slice(-TITLE_POINTS);
    return `of ${name} from ${short(values[0])} to ${short(end.reduce((sum, value) => sum + value, 0) / end.length)}`;
  });
  return `Training takes the ${key === 'margin' ? 'margin penalty' : 'label loss'} ${listing(parts)}`;
}
