import {gapOf} from './boundaries.js';
import type {Found} from './fab_found.js';
import type {Search} from './search.js';
import {moveTo, Walkers} from './walkers.js';

/** Forward passes of a search, and the share of the way that it leaves open at most: bisection would take 10 for it. */
const STEPS = 12;
const LEFT_OPEN = 2 ** -10;

/** Where between an input (0) and what was found (1) the class changes, and the gap at either end. */
interface Bracket {
  inside: number;
  outside: number;
  gapInside: number;
  gapOutside: number;
  /** The end that was moved last. */
  last?: 'inside' | 'outside';
}

/**
 * Moves what was found straight towards the input, as far as the class stays wrong: to the zero of the gap, by regula
 * falsi (Illinois variant), which is there at once where the net is affine, and never does worse than bisection.
 */
export async function searchSegments(search: Search, found: Found): Promise<void> {
  const places = found.improvable();
  if (places.length === 0) return;
  const {origins} = found.from;
  const ends = found.rows.map(row => row.slice());
  const walkers = new Walkers(
    search,
    found.from,
    ends.map(row => row.slice()),
    places,
  );
  const gapsAt = async (t: number[]) => {
    places.forEach((place, i) => {
      const [x, end] = [origins[place], ends[place]];
      moveTo(walkers.rows[place], search.task.bounds, j => x[j] + t[i] * (end[j] - x[j]));
    });
    const logits = await walkers.logits();
    const isAcross = found.offer(walkers, logits);
    const gaps = logits.map((row, i) => gapOf(row, walkers.part.labels[i]) + 2 * walkers.leeway(i, row));
    return {isAcross, gaps};
  };
  try {
    const inside = await gapsAt(places.map(() => 0));
    const outside = await gapsAt(places.map(() => 1));
    const brackets = places.map((_, i): Bracket => {
      return {inside: 0, outside: 1, gapInside: inside.gaps[i], gapOutside: outside.gaps[i]};
    });
    for (let step = 0; step < STEPS; step++) {
      const t = brackets.map(bracket => between(bracket, LEFT_OPEN * 2 ** (STEPS - 1 - step)));
      const {isAcross, gaps} = await gapsAt(t);
      brackets.forEach((bracket, i) => narrow(bracket, t[i], isAcross[i], gaps[i]));
      await search.task.step(walkers.size);
    }
  } finally {
    walkers.dispose();
  }
}

/** Where interpolation has the gap vanish, but such that either way no more than `most` is left. */
function between({inside, outside, gapInside, gapOutside}: Bracket, most: number): number {
  const zero = inside + ((outside - inside) * gapInside) / (gapInside - gapOutside);
  const t = Math.max(Math.min(zero, inside + most), outside - most);
  return t > inside && t < outside ? t : (inside + outside) / 2;
}

function narrow(bracket: Bracket, t: number, isAcross: boolean, gap: number): void {
  const side = isAcross ? 'outside' : 'inside';
  // An end that stays where it is twice counts half: else the other one would creep.
  const isRepeated = bracket.last === side;
  if (isAcross) {
    bracket.outside = t;
    bracket.gapOutside = gap;
    if (isRepeated) bracket.gapInside /= 2;
  } else {
    bracket.inside = t;
    bracket.gapInside = gap;
    if (isRepeated) bracket.gapOutside /= 2;
  }
  bracket.last = side;
}
