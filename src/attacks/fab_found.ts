import {distanceBetween} from './exact_clip.js';
import type {Search} from './search.js';
import type {Survey, Walkers} from './walkers.js';

/** The nearest adversarial input found so far of each example of a search. */
export class Found {
  /** The inputs themselves where nothing was found. */
  readonly rows: Float32Array[];
  /** Distance of each; Infinity where nothing was found. */
  readonly distances: number[];

  constructor(
    private readonly search: Search,
    readonly from: Survey,
  ) {
    this.rows = from.origins.map(row => row.slice());
    this.distances = from.origins.map(() => Infinity);
  }

  /**
   * Takes copies of those walkers that are adversarial and the nearest so far.
   *
   * @returns Which of them are adversarial.
   */
  offer(walkers: Walkers, logits: Float32Array[]): boolean[] {
    return walkers.places.map((place, i) => {
      const isAcross = walkers.isAcross(i, logits[i]);
      if (isAcross) this.take(place, walkers.rows[place]);
      return isAcross;
    });
  }

  /** Whether nothing nearer is asked for: the radius is kept, or the input itself is adversarial. */
  isDone(place: number): boolean {
    const {epsilon} = this.search.task;
    return this.distances[place] <= (Number.isFinite(epsilon) ? epsilon : 0);
  }

  /** The places of examples that something is still sought for. */
  open(): number[] {
    return [...this.rows.keys()].filter(place => !this.isDone(place));
  }

  /** Those of them for which something was found. */
  improvable(): number[] {
    return this.open().filter(place => this.distances[place] < Infinity);
  }

  private take(place: number, row: Float32Array): void {
    const distance = distanceBetween(row, this.from.origins[place], this.search.task.norm);
    if (!(distance < this.distances[place])) return;
    this.distances[place] = distance;
    this.rows[place].set(row);
  }
}
