import type {ModelResult, Question} from '../result.js';
import {answerOf, askedEpsilon, ranked} from '../answers.js';
import {listing, percent, sentence} from '../wording.js';
import {BASE, PLOT, colorChannel, type Figure} from './figure.js';
import {INK, LINE, MUTED, type ModelColors} from './palette.js';
import {spread} from './spread.js';

/** Guessing among ten digits, %. */
const CHANCE = 10;

/** Accuracy under I-FGSM against epsilon: solid the worse of two losses, thin each of the two. */
export function attackFigure(question: Question, colors: ModelColors): Figure | undefined {
  const models = question.models.filter(({attacks}) => attacks.length > 0);
  if (models.length === 0) return undefined;
  const startsAtZero = models.every(({attacks}) => attacks.some(({epsilon}) => epsilon === 0));
  const points = (model: ModelResult, key: 'accuracy' | 'underCrossEntropy' | 'underLogitMargin') => {
    const {name, attacks, testAccuracy} = model;
    const at = attacks.map(attack => ({model: name, epsilon: attack.epsilon, accuracy: attack[key] * 100}));
    return startsAtZero ? at : [{model: name, epsilon: 0, accuracy: testAccuracy * 100}, ...at];
  };
  const all = (key: Parameters<typeof points>[1]) => models.flatMap(model => points(model, key));
  const worse = all('accuracy');
  const widest = Math.max(...worse.map(({epsilon}) => epsilon));
  const x = {
    field: 'epsilon',
    type: 'quantitative' as const,
    scale: {domain: [0, widest || 1], nice: false},
    axis: {title: 'ε: largest change of a pixel (black 0, white 1)', tickCount: 6},
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative' as const,
    scale: {domain: [0, 100]},
    axis: {title: 'read right under attack (%)', values: [0, 25, 50, 75, 100]},
  };
  const color = colorChannel(
    models.map(({name}) => name),
    colors,
  );
  const thin = (key: 'underCrossEntropy' | 'underLogitMargin', strokeDash: number[]) => ({
    data: {values: all(key)},
    mark: {type: 'line' as const, strokeWidth: 1.25, strokeDash, opacity: 0.75},
    encoding: {x, y, color},
  });
  const labels = askedLabels(question, models);
  return {
    id: `${question.id}-epsilon`,
    title: titleOf(question, models),
    note: [
      'Solid: the worse of two attacks on each picture; thin: one attack alone (dashed: along the cross-entropy, dotted: along the logit margin).',
      startsAtZero ? '' : 'At 0: the whole test set, not attacked.',
    ].join(' '),
    spec: {
      ...BASE,
      ...PLOT,
      layer: [
        ...(labels.length > 0
          ? [{data: {values: [labels[0]]}, mark: {type: 'rule' as const, color: LINE}, encoding: {x}}]
          : []),
        {
          data: {values: [{accuracy: CHANCE}]},
          mark: {type: 'rule', color: MUTED, strokeDash: [1, 3], strokeCap: 'round'},
          encoding: {y},
        },
        {
          data: {values: [{accuracy: CHANCE}]},
          mark: {type: 'text', align: 'left', dx: 6, dy: -7, color: MUTED, fontSize: 11},
          encoding: {x: {value: 0}, y, text: {value: 'guessing'}},
        },
        thin('underCrossEntropy', [6, 4]),
        thin('underLogitMargin', [1.5, 3.5]),
        {data: {values: worse}, mark: {type: 'line', point: {size: 42, opacity: 1}}, encoding: {x, y, color}},
        {
          data: {values: labels},
          mark: {type: 'text', align: 'left', dx: 8, dy: -9, fontWeight: 600, fontSize: 13, color: INK},
          encoding: {x, y: {...y, field: 'place'}, text: {field: 'text'}, color},
        },
      ],
    },
  };
}

/** The numbers beside the points at the epsilon that the question is about. */
function askedLabels(question: Question, models: ModelResult[]) {
  const epsilon = askedEpsilon(question);
  const asked = models.filter(model => epsilon !== undefined && Number.isFinite(answerOf(question, model)));
  const shares = asked.map(model => answerOf(question, model));
  const places = spread(
    shares.map(share => share * 100),
    8,
  );
  return asked.map(({name}, i) => ({model: name, epsilon, place: places[i], text: percent(shares[i])}));
}

function titleOf(question: Question, models: ModelResult[]): string {
  const epsilon = askedEpsilon(question);
  const parts = ranked(question, models).map(
    model => `${model.name} reads ${percent(answerOf(question, model))}`,
  );
  if (epsilon === undefined || parts.length === 0) return 'Accuracy against the strength of the attack';
  return sentence(`attacked with ε = ${epsilon}, ${listing(parts)} right`);
}
