import {attackFigure} from './figures/attack.js';
import {distancesFigure} from './figures/distances.js';
import type {Figure} from './figures/figure.js';
import {modelColors} from './figures/palette.js';
import {picturesFigure} from './figures/pictures.js';
import {testAccuracyFigure} from './figures/test_accuracy.js';
import {trainingFigure} from './figures/training.js';
import {validationFigure} from './figures/validation.js';
import type {ExperimentResult} from './result.js';

export type {Figure};

/** The figures of one question. */
export interface FigureGroup {
  title: string;
  figures: Figure[];
}

/** Every figure that a result has data for, by question, in the order of reading. */
export function figuresOf(result: ExperimentResult): FigureGroup[] {
  const colors = modelColors(result);
  return result.questions.map(question => {
    const asksAttacks = question.id === 'attacks';
    const figures = [
      asksAttacks ? attackFigure(question, colors) : validationFigure(question, colors),
      testAccuracyFigure(question, colors),
      // Pictures belong to the attacks; where no question asks about them they would hang in the air.
      asksAttacks ? picturesFigure(result.pictures, colors) : attackFigure(question, colors),
      distancesFigure(question, colors),
      trainingFigure(question, colors),
    ];
    return {title: question.title, figures: figures.filter(figure => figure !== undefined)};
  });
}
