import type {Found} from './fab_found.js';
import {biasedStep, type StepRule} from './fab_step.js';
import {moveTo, type Walkers} from './walkers.js';

/** How a walk along a boundary is made. */
export interface FabRule extends StepRule {
  steps: number;
  /** The share of its way from the input that an adversarial point keeps before the walk goes on. */
  beta: number;
}

/**
 * Walks along the boundaries to these rivals (algorithm 1, one restart), and keeps the nearest adversarial point of each
 * example. Examples leave when they are done or see no boundary.
 *
 * @param rivals Of all examples of the search, by their places.
 * @param isFirst The walk begins at the inputs: what gradients are like there is told.
 */
export async function walkAlong(
  walkers: Walkers,
  found: Found,
  rivals: number[][],
  rule: FabRule,
  isFirst: boolean,
): Promise<void> {
  const {origins} = found.from;
  const {task} = walkers.part;
  for (let step = 0; step < rule.steps && walkers.size > 0; step++) {
    const {logits, boundaries, health} = await walkers.outlook(rivals);
    walkers.part.noteGradients(health, isFirst && step === 0);
    // A random start, or a point that was taken back, may be adversarial too.
    found.offer(walkers, logits);
    const goesOn = walkers.places.map((place, i) => boundaries[i].length > 0 && !found.isDone(place));
    walkers.places.forEach((place, i) => {
      const leeway = walkers.leeway(i, logits[i]);
      if (goesOn[i]) biasedStep(walkers.rows[place], origins[place], boundaries[i], leeway, task, rule);
    });
    walkers.stayWhere(goesOn);
    if (walkers.size > 0) {
      const isAcross = found.offer(walkers, await walkers.logits());
      walkers.places.forEach((place, i) => {
        const [row, x] = [walkers.rows[place], origins[place]];
        if (isAcross[i]) moveTo(row, task.bounds, j => (1 - rule.beta) * x[j] + rule.beta * row[j]);
      });
      walkers.stayWhere(walkers.places.map(place => !found.isDone(place)));
    }
    await task.step(walkers.size);
  }
}
