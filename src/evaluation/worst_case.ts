import {figureOf, type Figure, type Outcomes} from './figure.js';

/**
 * What is left at each epsilon when every example meets the attack that is worst for it, of all that stayed within that
 * epsilon: the mean of the minima, not the minimum of the means. Noise and smallest perturbations count by their distance.
 *
 * @param epsilons Ascending.
 * @param figures All that were made, in whatever order.
 */
export function worstCases(clean: Outcomes, epsilons: number[], figures: Figure[]): Figure[] {
  return epsilons.map(epsilon => {
    const outcomes = union(clean, figures, epsilon);
    return figureOf({id: worstCaseId(epsilon), name: 'worst case', kind: 'worstCase', epsilon}, outcomes);
  });
}

/** The id of the worst case at an epsilon. */
export function worstCaseId(epsilon: number): string {
  return `worst case@${epsilon}`;
}

/** Who is beaten, or broken, at x or by one of these figures within epsilon. */
export function union(clean: Outcomes, figures: Figure[], epsilon: number): Outcomes {
  const success = [...clean.success];
  const broken = [...clean.broken];
  for (const figure of figures) {
    success.forEach((_, i) => {
      if (!isWithin(figure, i, epsilon)) return;
      success[i] ||= figure.success[i];
      broken[i] ||= figure.broken[i];
    });
  }
  return {success, broken};
}

function isWithin({epsilon: radius, distance}: Figure, i: number, epsilon: number): boolean {
  return (radius ?? distance?.[i] ?? Infinity) <= epsilon;
}
