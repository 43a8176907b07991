import type {Question} from '../result.js';
import {freshModels} from '../answers.js';
import {percent, sentence} from '../wording.js';
import {BASE, PLOT, type Figure} from './figure.js';
import {INK, LINE, MUTED, type ModelColors} from './palette.js';

const MOST_HEIGHT = 90;

/** Test accuracy, a bar for each model from 0 to 100 %; a stored result is hollow and carries its date. */
export function testAccuracyFigure(question: Question, colors: ModelColors): Figure | undefined {
  const models = question.models.filter(({testAccuracy}) => Number.isFinite(testAccuracy));
  if (models.length === 0) return undefined;
  const rows = models.map(({name, testAccuracy, storedOn}) => ({
    model: name,
    name: storedOn ? `${name} (stored ${storedOn})` : name,
    accuracy: testAccuracy * 100,
    text: percent(testAccuracy),
    isStored: storedOn !== undefined,
  }));
  const y = {field: 'model', type: 'nominal' as const, sort: null, axis: null, scale: {padding: 0}};
  const scale = {domain: [0, 100], nice: false};
  const axis = {title: 'test accuracy (%)', values: [0, 25, 50, 75, 100]};
  const x = {field: 'accuracy', type: 'quantitative' as const, stack: null, scale, axis};
  const color = {
    field: 'model',
    type: 'nominal' as const,
    scale: {domain: models.map(({name}) => name), range: models.map(({name}) => colors[name])},
    legend: null,
  };
  const bar = {type: 'bar' as const, height: 22, yOffset: 10, cornerRadius: 3};
  return {
    id: `${question.id}-test`,
    title: titleOf(question),
    note: models.some(({storedOn}) => storedOn)
      ? 'Share of test pictures read right. Hollow: an earlier run, kept with the code, not trained now.'
      : 'Share of test pictures read right.',
    spec: {
      ...BASE,
      width: PLOT.width - 22,
      height: Math.min(MOST_HEIGHT, Math.max(54, PLOT.height / rows.length)) * rows.length,
      data: {values: rows},
      encoding: {y},
      layer: [
        {mark: {...bar, color: LINE, opacity: 0.7}, encoding: {x: {datum: 0}, x2: {datum: 100}}},
        {mark: bar, transform: [{filter: '!datum.isStored'}], encoding: {x, color}},
        {
          mark: {...bar, filled: false, strokeWidth: 2, strokeDash: [5, 3]},
          transform: [{filter: 'datum.isStored'}],
          encoding: {x, color},
        },
        {
          mark: {type: 'text', align: 'left', baseline: 'bottom', dy: -7, fontSize: 13, color: INK},
          encoding: {x: {datum: 0}, text: {field: 'name'}},
        },
        {
          mark: {type: 'text', align: 'left', dx: 8, dy: 10, fontSize: 14, fontWeight: 600},
          encoding: {x: {datum: 100}, text: {field: 'text'}, color: {value: INK}},
        },
        {mark: {type: 'rule', color: MUTED}, encoding: {x: {datum: 0}}},
      ],
    },
  };
}

function titleOf(question: Question): string {
  const [baseline, ...others] = freshModels(question);
  const best = others.sort((a, b) => b.testAccuracy - a.testAccuracy)[0];
  if (!baseline || !best) return 'Test accuracy';
  const [before, after] = [1 - baseline.testAccuracy, 1 - best.testAccuracy].map(share => percent(share));
  return sentence(`${best.name} gets ${after} of the test pictures wrong, ${baseline.name} ${before}`);
}
