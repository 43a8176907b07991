import {rivalsByStrength} from './boundaries.js';
import type {Found} from './fab_found.js';
import {planeOf, stepTo} from './fab_step.js';
import type {Search} from './search.js';
import {moveTo, Walkers} from './walkers.js';

/** Shares by which the step may go too far, the smallest that crosses wins. */
const BEYOND = [0, 1e-5, 1e-3];

/**
 * Tries the nearest point of the boundary to each input, as the boundary looks from what was found. A walk's steps go
 * beyond the boundary; where bounds are in the way, the straight line back does not lead to the nearest point.
 */
export async function projectFound(search: Search, found: Found): Promise<void> {
  const places = found.improvable();
  if (places.length === 0) return;
  const {origins} = found.from;
  const {task} = search;
  const walkers = new Walkers(
    search,
    found.from,
    found.rows.map(row => row.slice()),
    places,
  );
  try {
    const rivals: number[][] = [];
    (await walkers.logits()).forEach((row, i) => {
      rivals[places[i]] = rivalsByStrength(row, walkers.part.labels[i]).slice(0, 1);
    });
    const {logits, boundaries} = await walkers.outlook(rivals);
    const steps = places.map((place, i) => {
      const [boundary] = boundaries[i];
      if (!boundary) return undefined;
      const plane = planeOf(boundary, walkers.rows[place], walkers.leeway(i, logits[i]));
      return stepTo(plane, origins[place], task);
    });
    for (const beyond of BEYOND) {
      places.forEach((place, i) => {
        const [x, step] = [origins[place], steps[i]];
        if (step) moveTo(walkers.rows[place], task.bounds, j => x[j] + (1 + beyond) * step[j]);
      });
      found.offer(walkers, await walkers.logits());
    }
  } finally {
    walkers.dispose();
  }
}
