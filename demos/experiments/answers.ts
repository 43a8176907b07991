import type {ModelResult, Question} from './result.js';

/** The epsilon that a question asks about: its measure ends in 'at epsilon 0.1'. */
export function askedEpsilon({measure}: Question): number | undefined {
  const found = /epsilon\s+(\d*\.?\d+)/i.exec(measure);
  return found ? Number(found[1]) : undefined;
}

/** What a model came to in the measure of the question, 0..1; NaN when it was not measured. */
export function answerOf(question: Question, model: ModelResult): number {
  const epsilon = askedEpsilon(question);
  if (epsilon === undefined) return model.testAccuracy;
  return model.attacks.find(attack => attack.epsilon === epsilon)?.accuracy ?? NaN;
}

/** The models that were trained in this run: the stored ones are only shown. */
export function freshModels({models}: Question): ModelResult[] {
  return models.filter(({storedOn}) => !storedOn);
}

/** The models from the best answer to the worst. */
export function ranked(question: Question, models: ModelResult[] = question.models): ModelResult[] {
  return models
    .filter(model => Number.isFinite(answerOf(question, model)))
    .sort((a, b) => answerOf(question, b) - answerOf(question, a));
}
