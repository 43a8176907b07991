import {answerOf, askedEpsilon, freshModels, ranked} from '../answers.js';
import type {Question} from '../result.js';
import {duration, percent, sentence, short} from '../wording.js';

/** One line of the main table: a measure, and what each model came to, in the order of the models. */
export interface Row {
  label: string;
  /** What neighbouring rows have in common: 'median distance' of 'conv1'. */
  group?: string;
  cells: string[];
  /** Places of the best models; empty where no order is better. */
  best: number[];
  /** Whether the question asks about this measure. */
  isAsked: boolean;
}

/** The main table of one question, for HTML and the terminal alike. A measure that no model has is left out. */
export function rowsOf(question: Question): Row[] {
  const {models} = question;
  const asked = askedEpsilon(question);
  const epsilons = distinct(models.flatMap(({attacks}) => attacks.map(({epsilon}) => epsilon))).sort(
    (a, b) => a - b,
  );
  const isStrong = (epsilon: number) =>
    models.some(({attacks}) => attacks.some(a => a.epsilon === epsilon && a.worstCase !== undefined));
  const strong = epsilons.filter(isStrong);
  const layers = distinct(models.flatMap(({medianDistances}) => Object.keys(medianDistances)));
  const rows = [
    shareRow(
      'test accuracy',
      models.map(({testAccuracy}) => testAccuracy),
      asked === undefined,
    ),
    ...epsilons.map(epsilon =>
      shareRow(
        `epsilon ${epsilon}`,
        models.map(({attacks}) => attacks.find(attack => attack.epsilon === epsilon)?.accuracy),
        epsilon === asked,
        'accuracy under I-FGSM',
      ),
    ),
    ...strong.map(epsilon =>
      shareRow(
        `epsilon ${epsilon}`,
        models.map(({attacks}) => attacks.find(attack => attack.epsilon === epsilon)?.worstCase),
        false,
        'accuracy under I-FGSM and APGD',
      ),
    ),
    ...layers.map(layer =>
      plainRow(
        layer,
        models.map(({medianDistances}) => short(medianDistances[layer])),
        'median l2 distance to the boundary',
      ),
    ),
    plainRow(
      'seconds a step',
      models.map(({secondsPerStep}) => short(secondsPerStep)),
    ),
    plainRow(
      'training time',
      models.map(({seconds}) => duration(seconds)),
    ),
  ];
  return rows.filter(({cells}) => cells.some(cell => cell !== percent(undefined)));
}

/** The answer to a question in one sentence. */
export function verdict(question: Question): string {
  const fresh = freshModels(question);
  const [baseline] = fresh;
  const best = ranked(question, fresh)[0];
  if (!baseline || !best) return `${sentence(question.measure)}: not measured.`;
  const [mine, theirs] = [best, baseline].map(model => answerOf(question, model));
  const others = fresh.filter(model => model !== baseline);
  if (others.length === 0) return `${sentence(question.measure)}: ${percent(theirs)} (${baseline.name}).`;
  if (best === baseline) {
    return `${sentence(question.measure)}: no model does better than ${baseline.name} with ${percent(theirs)}.`;
  }
  const points = ((mine - theirs) * 100).toFixed(1);
  return `${sentence(question.measure)}: ${best.name} ${percent(mine)}, ${baseline.name} ${percent(theirs)}, a gain of ${points} points.`;
}

function shareRow(label: string, shares: Array<number | undefined>, isAsked: boolean, group?: string): Row {
  const most = Math.max(...shares.map(share => (Number.isFinite(share) ? share! : -1)));
  const places = shares.flatMap((share, i) => (share === most ? [i] : []));
  const best = places.length < shares.length ? places : [];
  return {label, group, cells: shares.map(percent), best, isAsked};
}

function plainRow(label: string, cells: string[], group?: string): Row {
  return {label, group, cells, best: [], isAsked: false};
}

function distinct<T>(values: T[]): T[] {
  return [...new Set(values)];
}
