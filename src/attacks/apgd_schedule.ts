/** Where a step size is halved unless the loss rose in at least this share of the steps since the last checkpoint. */
const RISING_SHARE = 0.75;

/** What is known of the climb of one example. */
interface Track {
  stepSize: number;
  last: number;
  best: number;
  /** Steps since the last checkpoint that made the loss larger. */
  rises: number;
  bestAtCheckpoint: number;
  wasHalved: boolean;
}

/** What a step came to, example by example. */
export interface Verdict {
  /** The loss is the largest so far. */
  improved: boolean[];
  /** The step size was halved: the climb is to go on from the best point. */
  halved: boolean[];
}

/**
 * Numbers of the steps after which step sizes are looked at, ascending (Croce and Hein 2020, section 3).
 *
 *     w_j = ceil(p_j steps),   p_0 = 0,   p_1 = 0.22,   p_(j+1) = p_j + max(p_j - p_(j-1) - 0.03, 0.06)
 */
export function checkpoints(steps: number): number[] {
  const found = new Set<number>();
  // In hundredths, so that no rounding moves a checkpoint.
  for (let at = 22, gap = 22; at <= 100; at += gap) {
    found.add(Math.ceil((at * steps) / 100));
    gap = Math.max(gap - 3, 6);
  }
  return [...found];
}

/**
 * Chooses the step size of each example by how its loss develops (Croce and Hein 2020, conditions 1 and 2). At a
 * checkpoint it is halved
 *
 *   1. where the loss rose in less than 3/4 of the steps since the last checkpoint, or
 *   2. where it was not halved there, and the best loss has not changed since.
 */
export class ApgdSchedule {
  private readonly checkpoints: number[];
  private tracks: Track[];
  private step = 0;
  private lastCheckpoint = 0;

  /**
   * @param steps Number of steps that there will be.
   * @param stepSize The first one.
   * @param losses At the start, one for each example.
   */
  constructor(steps: number, stepSize: number, losses: ArrayLike<number>) {
    this.checkpoints = checkpoints(steps);
    this.tracks = Array.from(losses, loss => {
      // Any number is better than a start that is none.
      const first = Number.isNaN(loss) ? -Infinity : loss;
      return {stepSize, last: first, best: first, rises: 0, bestAtCheckpoint: first, wasHalved: false};
    });
  }

  get stepSizes(): number[] {
    return this.tracks.map(({stepSize}) => stepSize);
  }

  /** The examples at these places alone. */
  narrow(places: number[]): void {
    this.tracks = places.map(place => this.tracks[place]);
  }

  /** Takes in the losses that a step has led to. */
  observe(losses: ArrayLike<number>): Verdict {
    this.step++;
    const improved = this.tracks.map((track, i) => note(track, losses[i]));
    const isCheckpoint = this.checkpoints.includes(this.step);
    const window = this.step - this.lastCheckpoint;
    if (isCheckpoint) this.lastCheckpoint = this.step;
    return {improved, halved: this.tracks.map(track => isCheckpoint && judge(track, window))};
  }
}

/** Whether a loss is the best so far. */
function note(track: Track, loss: number): boolean {
  const isBest = loss > track.best;
  if (loss > track.last) track.rises++;
  if (isBest) track.best = loss;
  track.last = loss;
  return isBest;
}

/** Halves the step size where either condition holds, and begins to count anew. */
function judge(track: Track, window: number): boolean {
  const rarelyRises = track.rises < RISING_SHARE * window;
  const isStuck = !track.wasHalved && track.best === track.bestAtCheckpoint;
  track.wasHalved = rarelyRises || isStuck;
  track.bestAtCheckpoint = track.best;
  track.rises = 0;
  if (track.wasHalved) {
    track.stepSize /= 2;
    track.last = track.best;
  }
  return track.wasHalved;
}
