import {clipByValue, mul, sub, tensor, tidy, type Tensor} from '@tensorflow/tfjs-core';
import {readLogits} from '../attacks/logits.js';
import type {Classifier, Norm} from '../types.js';
import {lengthIn} from './margin_direction.js';

/** The first of the points that are tried, in units of the estimate; each next one is twice as far. */
const NEAREST = 1 / 8;

/** Halvings of the interval in which the class changes: at the estimate's distance it is then 4e-6 of it wide. */
const HALVINGS = 17;

/** How a line is searched. */
export interface LineSearch {
  norm: Norm;
  /** How far to look, in units of the estimate, >= 1. */
  limit: number;
  /** Smallest and largest value that what is moved may have; left out: any. */
  bounds?: [number, number];
}

/**
 * Finds how far each example really is from where its class changes, on the line along which its linear estimate is made:
 * points 1/8, 1/4, 1/2, 1, 2, ... times the estimate away are tried until the class has changed, and the interval
 * before is halved. A class that changes and changes back between two of them goes unnoticed.
 *
 * @param classifier From what is moved to float32 logits [batch, classes]; always gets the whole batch.
 * @param at Where the lines begin, [batch, ...].
 * @param towards Directions of length 1 in the norm in which the gap grows, [batch, ...]; see `steepestDirection`.
 * @param estimates Signed linear distances of the batch, in the norm.
 * @param labels Class indices. An example that has another class is followed to where it gets this one.
 * @returns Signed distances: the length of the move (after clipping to the bounds); Infinity with the estimate's sign
 *     where the class stays, NaN where the estimate or a logit on the way is not finite.
 */
export async function trueDistances(
  caller: string,
  classifier: Classifier,
  at: Tensor,
  towards: Tensor,
  estimates: ArrayLike<number>,
  labels: ArrayLike<number>,
  {norm, limit, bounds}: LineSearch,
): Promise<Float64Array> {
  const lines = Array.from(estimates, (estimate, i) => new Line(estimate, labels[i]));
  const movedBy = (steps: number[]): Tensor =>
    tidy(() => {
      const lengths = tensor(steps, [steps.length, ...at.shape.slice(1).map(() => 1)], 'float32');
      const moved = sub(at, mul(towards, lengths));
      return bounds ? clipByValue(moved, ...bounds) : moved;
    });
  const look = async (steps: number[]) => {
    const moved = movedBy(steps);
    try {
      const {logits, classes} = await readLogits(caller, classifier, moved);
      lines.forEach((line, i) => line.note(steps[i], logits.subarray(i * classes, (i + 1) * classes)));
    } finally {
      moved.dispose();
    }
  };
  for (let factor = NEAREST; lines.some(line => line.isOpen); factor *= 2) {
    const reach = Math.min(factor, limit);
    await look(lines.map(line => line.next(reach)));
    if (reach === limit) break;
  }
  for (let i = 0; i < HALVINGS && lines.some(line => line.isFound); i++) {
    await look(lines.map(line => line.middle));
  }
  const found = lines.map(line => line.distance);
  return bounds ? clippedLengths(found, movedBy, at, norm) : Float64Array.from(found);
}

/** What is known of one example's line; signed lengths, positive towards a lower gap. */
class Line {
  private unchanged = 0;
  private changed = Infinity;
  private isBroken: boolean;
  private readonly sign: number;

  constructor(
    private readonly estimate: number,
    private readonly label: number,
  ) {
    this.isBroken = !Number.isFinite(estimate);
    // An example on the boundary has changed where it is.
    if (estimate === 0) this.changed = 0;
    this.sign = estimate < 0 ? -1 : 1;
  }

  get isFound(): boolean {
    return !this.isBroken && this.changed !== Infinity;
  }

  /** Whether it is to be looked at farther out. */
  get isOpen(): boolean {
    return !this.isBroken && this.changed === Infinity;
  }

  /** So many estimates away; where nothing is open, where it was before. */
  next(factor: number): number {
    return this.isOpen ? this.estimate * factor : this.middle;
  }

  get middle(): number {
    return this.isFound ? (this.sign * (this.unchanged + this.changed)) / 2 : 0;
  }

  get distance(): number {
    return this.isBroken ? NaN : this.sign * this.changed;
  }

  /** Takes note of the logits at a signed length. */
  note(step: number, logits: Float32Array): void {
    if (!logits.every(Number.isFinite)) {
      this.isBroken = true;
      return;
    }
    const own = logits[this.label];
    const isRight = logits.every((value, i) => i === this.label || value < own);
    if (isRight === this.sign < 0) this.changed = Math.min(this.changed, Math.abs(step));
    else if (Math.abs(step) < this.changed) this.unchanged = Math.max(this.unchanged, Math.abs(step));
  }
}

/** How long moves of these lengths are after clipping. */
async function clippedLengths(
  found: number[],
  movedBy: (steps: number[]) => Tensor,
  at: Tensor,
  norm: Norm,
): Promise<Float64Array> {
  const lengths = tidy(() => {
    const moved = movedBy(found.map(distance => (Number.isFinite(distance) ? distance : 0)));
    return lengthIn(norm, sub(moved, at));
  });
  try {
    const values = await lengths.data();
    return Float64Array.from(found, (distance, i) =>
      Number.isFinite(distance) ? Math.sign(distance) * values[i] : distance,
    );
  } finally {
    lengths.dispose();
  }
}
