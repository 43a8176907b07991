import {tensor, type Tensor} from '@tensorflow/tfjs-core';
import {boundariesAround, gapOf, leeway, rivalsByStrength, rowsOf, type Outlook} from './boundaries.js';
import {readLogits} from './logits.js';
import type {Bounds} from './balls.js';
import type {Search} from './search.js';

/** What is known of a search's examples before anything is moved. */
export interface Survey {
  /** The inputs as numbers, a row for each example: not to be written to. */
  origins: Float32Array[];
  /** All classes but the label, the strongest first. */
  rivals: number[][];
  /** What rounding may do to a gap there. */
  leeways: number[];
}

/** Looks at the inputs of a search. */
export async function survey({x, size, labels, task}: Search): Promise<Survey> {
  const values = (await x.data()) as Float32Array;
  const logits = rowsOf((await readLogits(task.caller, task.classifier, x)).logits, task.classes);
  return {
    origins: rowsOf(values, values.length / size),
    rivals: logits.map((row, i) => rivalsByStrength(row, labels[i])),
    leeways: logits.map(leeway),
  };
}

/** Examples that an attack moves about as numbers, each with a row of its own; they leave when they are done. */
export class Walkers {
  /** The search among those under way, and their places in the whole. */
  part: Search;
  places: number[];

  /** @param rows Where all examples of the search are, those not under way included: is written to. */
  constructor(
    private readonly whole: Search,
    private readonly from: Survey,
    readonly rows: Float32Array[],
    places: number[] = [...rows.keys()],
  ) {
    this.places = places;
    this.part = places.length === whole.size ? whole : whole.among(places);
  }

  get size(): number {
    return this.places.length;
  }

  /** Asks the net for the logits of those under way. */
  logits(): Promise<Float32Array[]> {
    return this.withInputs(async inputs => {
      const {caller, classifier, classes} = this.part.task;
      return rowsOf((await readLogits(caller, classifier, inputs)).logits, classes);
    });
  }

  /** Looks from where those under way are; rivals of all examples, by their places in the whole. */
  outlook(rivals: number[][]): Promise<Outlook> {
    return this.withInputs(inputs =>
      boundariesAround(
        this.part,
        inputs,
        this.places.map(place => rivals[place]),
      ),
    );
  }

  /**
   * How far the gap of the i-th under way must be below 0 so that its class is wrong in whatever batch the logits are
   * computed. Near the boundary logits may be small that are sums of large terms: those at the input count too.
   */
  leeway(i: number, logits: Float32Array): number {
    return Math.max(leeway(logits), this.from.leeways[this.places[i]]);
  }

  /** Whether the class of the i-th under way is wrong beyond all rounding; never where a logit is not finite. */
  isAcross(i: number, logits: Float32Array): boolean {
    return logits.every(Number.isFinite) && gapOf(logits, this.part.labels[i]) < -this.leeway(i, logits);
  }

  /** All others of those under way are done. */
  stayWhere(flags: boolean[]): void {
    if (flags.every(Boolean)) return;
    this.dispose();
    this.places = this.places.filter((_, i) => flags[i]);
    if (this.size > 0) this.part = this.whole.among(this.places);
  }

  dispose(): void {
    if (this.part !== this.whole) this.part.dispose();
    this.part = this.whole;
  }

  private async withInputs<T>(f: (inputs: Tensor) => Promise<T>): Promise<T> {
    const rows = this.places.map(place => this.rows[place]);
    const inputs = rowsAsTensor(rows, [this.size, ...this.whole.x.shape.slice(1)]);
    try {
      return await f(inputs);
    } finally {
      inputs.dispose();
    }
  }
}

/** Puts an example somewhere, or to the nearest place inside the bounds. */
export function moveTo(row: Float32Array, [low, high]: Bounds, value: (j: number) => number): void {
  for (let j = 0; j < row.length; j++) row[j] = Math.min(Math.max(value(j), low), high);
}

/** Rows as one tensor of this shape. */
export function rowsAsTensor(rows: Float32Array[], shape: number[]): Tensor {
  const width = rows[0].length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => values.set(row, i * width));
  return tensor(values, shape, 'float32');
}
