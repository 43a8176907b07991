import {
  abs,
  add,
  cast,
  dispose,
  div,
  equal,
  keep,
  mul,
  reshape,
  sum,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type {AttackLoss} from './attack_types.js';
import {asRows, balls} from './balls.js';
import {inputGradient} from './input_gradient.js';
import {Rows, takeRows} from './rows.js';
import type {Search} from './search.js';

/** How a loss is climbed. */
export interface Climb {
  loss: AttackLoss;
  steps: number;
  /** Length of a step in the norm. */
  stepSize: number;
  /** The share of the last direction that the next one keeps, as momentum; undefined: none. */
  decay?: number;
  /** Where to begin, [size, ...]; taken over. */
  start: Tensor;
  /** Whether an example is done with as soon as its class is what is wanted. */
  leavesEarly: boolean;
}

/**
 * Climbs a loss from inside the ball: steps along the steepest direction of the norm, each projected back. A step costs
 * one pass forward and one back to the input, for the examples that are still under way.
 *
 * @returns Where each example has come to, [size, ...].
 */
export async function climb(search: Search, {start, ...rule}: Climb): Promise<Tensor> {
  const done = new Rows();
  const party = new Party(search, start);
  try {
    for (let step = 0; step < rule.steps && party.size > 0; step++) {
      const {gradient, logits, health} = await inputGradient(party.search, party.at, rule.loss);
      party.follow(gradient);
      party.search.noteGradients(health, step === 0);
      const reached = rule.leavesEarly ? party.search.reached(logits) : [];
      if (reached.some(Boolean)) {
        done.put(party.placesWhere(reached), party.rowsWhere(reached));
        party.stayWhere(reached.map(value => !value));
      }
      if (party.size > 0) party.advance(rule);
      await search.task.step(party.size);
    }
    done.put(party.places, keep(party.at.clone()));
    return done.whole();
  } finally {
    done.dispose();
    party.dispose();
  }
}

/** The examples under way: where they are, and where to. */
class Party {
  search: Search;
  places: number[];
  at: Tensor;
  private gradient?: Tensor;
  private momentum?: Tensor;

  constructor(
    private readonly whole: Search,
    start: Tensor,
  ) {
    this.search = whole;
    this.places = whole.examples.map((_, i) => i);
    this.at = keep(start);
  }

  get size(): number {
    return this.places.length;
  }

  placesWhere(flags: boolean[]): number[] {
    return this.places.filter((_, i) => flags[i]);
  }

  rowsWhere(flags: boolean[]): Tensor {
    return takeRows(this.at, indicesWhere(flags));
  }

  /** Takes over the gradient for the next step. */
  follow(gradient: Tensor): void {
    this.gradient?.dispose();
    this.gradient = gradient;
  }

  /** All others are no longer under way. */
  stayWhere(flags: boolean[]): void {
    const indices = indicesWhere(flags);
    const narrowed = this.search.among(indices);
    if (this.search !== this.whole) this.search.dispose();
    this.search = narrowed;
    this.places = this.placesWhere(flags);
    const narrow = (x: Tensor) => {
      const rows = keep(takeRows(x, indices));
      x.dispose();
      return rows;
    };
    this.at = narrow(this.at);
    this.gradient &&= narrow(this.gradient);
    this.momentum &&= narrow(this.momentum);
  }

  advance({stepSize, decay}: Pick<Climb, 'stepSize' | 'decay'>): void {
    const {norm, epsilon, bounds} = this.search.task;
    const before = [this.at, this.momentum];
    tidy(() => {
      const ball = balls[norm];
      const [x, here, slope] = [this.search.x, this.at, this.gradient!].map(asRows);
      const along = decay === undefined ? slope : accumulate(slope, this.momentum, decay);
      const step = mul(ball.steepest(along, here, bounds), stepSize);
      const next = ball.project(x, add(here, step) as Tensor2D, epsilon, bounds);
      this.at = keep(reshape(next, this.at.shape));
      this.momentum = decay === undefined ? undefined : keep(along);
    });
    dispose(before as Tensor[]);
  }

  dispose(): void {
    if (this.search !== this.whole) this.search.dispose();
    dispose([this.at, this.gradient, this.momentum] as Tensor[]);
  }
}

function indicesWhere(flags: boolean[]): number[] {
  return [...flags.keys()].filter(i => flags[i]);
}

/** Gradients of l1 norm 1, added up (Dong et al. 2018, equation 6); rows [size, ...]. */
function accumulate(gradient: Tensor2D, momentum: Tensor | undefined, decay: number): Tensor2D {
  const size = sum(abs(gradient), 1, true);
  const normed = div(gradient, add(size, cast(equal(size, 0), 'float32')));
  return (momentum ? add(mul(momentum, decay), normed) : normed) as Tensor2D;
}
