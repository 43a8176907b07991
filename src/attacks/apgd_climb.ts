import {add, dispose, keep, mul, reshape, sub, tensor, tidy, where} from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ApgdSchedule} from './apgd_schedule.js';
import {asRows, balls} from './balls.js';
import type {Slope} from './input_gradient.js';
import {Rows, takeRows} from './rows.js';
import type {Search} from './search.js';

/** The share of a step that is new; the rest is the step before. */
const NEW_SHARE = 0.75;

/** How a loss is climbed with step sizes of each example's own. */
export interface AdaptiveClimb {
  /** Looks at the net where the examples of a search are; the gradient is taken over. */
  look(search: Search, at: Tensor): Promise<Slope>;
  steps: number;
  /** Where to begin, [size, ...]; taken over. */
  start: Tensor;
}

/**
 * Climbs a loss from inside the ball by APGD (Croce and Hein 2020, algorithm 1). A step costs one pass forward and one
 * back to the input; there is one more at the start. An example is done with as soon as its class is what is wanted, or
 * a logit is NaN or Infinity.
 *
 * @returns [size, ...]: where each example was done with, or had the largest loss.
 */
export async function climbAdaptively(search: Search, {look, steps, start}: AdaptiveClimb): Promise<Tensor> {
  const done = new Rows();
  const climbers = new Climbers(search, start);
  try {
    for (let step = 0; step <= steps && climbers.size > 0; step++) {
      if (step > 0) climbers.advance(step === 1 ? 1 : NEW_SHARE);
      const {gradient, values, logits, health} = await look(climbers.search, climbers.at);
      climbers.set({gradient});
      climbers.search.noteGradients(health, step === 0);
      if (step === 0) climbers.begin(steps, values);
      const stays = climbers.search
        .reached(logits)
        .map((reached, i) => !reached && isSound(logits, i, climbers));
      const losses = values.filter((_, i) => stays[i]);
      climbers.leave(done, stays);
      if (step > 0) climbers.learn(losses);
      await search.task.step(climbers.size);
    }
    climbers.finish(done);
    return done.whole();
  } finally {
    done.dispose();
    climbers.dispose();
  }
}

/** Whether all logits of the i-th example are numbers. */
function isSound(logits: Float32Array, i: number, {search}: Climbers): boolean {
  const {classes} = search.task;
  return logits.subarray(i * classes, (i + 1) * classes).every(Number.isFinite);
}

/** Where examples are, were a step ago, and were best, with the gradients here and there; each [size, ...]. */
type Images = Record<'at' | 'before' | 'best' | 'gradient' | 'bestGradient', Tensor>;

/** The examples under way. */
class Climbers {
  search: Search;
  private places: number[];
  private readonly images = {} as Images;
  private schedule!: ApgdSchedule;

  constructor(
    private readonly whole: Search,
    start: Tensor,
  ) {
    this.search = whole;
    this.places = whole.examples.map((_, i) => i);
    this.set({at: start});
  }

  get size(): number {
    return this.places.length;
  }

  get at(): Tensor {
    return this.images.at;
  }

  /** Takes over images in place of those that there were. */
  set(images: Partial<Images>): void {
    for (const [name, image] of Object.entries(images) as Array<[keyof Images, Tensor]>) {
      this.images[name]?.dispose();
      this.images[name] = keep(image);
    }
  }

  /** The start is the best so far. */
  begin(steps: number, losses: Float32Array): void {
    const {at, gradient} = this.images;
    this.schedule = new ApgdSchedule(steps, 2 * this.search.task.epsilon, losses);
    this.set({before: at.clone(), best: at.clone(), bestGradient: gradient.clone()});
  }

  /** Moves along the gradient, and on along the last step. */
  advance(newShare: number): void {
    const {norm, epsilon, bounds} = this.search.task;
    tidy(() => {
      const {at, before, gradient} = this.images;
      const [x, here, there, slope] = [this.search.x, at, before, gradient].map(asRows);
      const project = (moved: Tensor) => balls[norm].project(x, moved as Tensor2D, epsilon, bounds);
      const sizes = tensor(this.schedule.stepSizes, [this.size, 1]);
      const plain = project(add(here, mul(balls[norm].steepest(slope, here, bounds), sizes)));
      const mixed = add(mul(sub(plain, here), newShare), mul(sub(here, there), 1 - newShare));
      const next = newShare === 1 ? plain : project(add(here, mixed));
      this.set({before: at.clone(), at: reshape(next, at.shape)});
    });
  }

  /** Those that do not stay are done with. */
  leave(done: Rows, stays: boolean[]): void {
    if (stays.every(Boolean)) return;
    const indices = [...stays.keys()];
    const [staying, leaving] = [indices.filter(i => stays[i]), indices.filter(i => !stays[i])];
    done.put(
      leaving.map(i => this.places[i]),
      takeRows(this.at, leaving),
    );
    const narrowed = this.search.among(staying);
    if (this.search !== this.whole) this.search.dispose();
    this.search = narrowed;
    this.places = staying.map(i => this.places[i]);
    this.schedule.narrow(staying);
    for (const name of Object.keys(this.images) as Array<keyof Images>)
      this.set({[name]: takeRows(this.images[name], staying)});
  }

  /** Remembers new bests, and returns to them where a step size was halved. */
  learn(losses: Float32Array): void {
    const {improved, halved} = this.schedule.observe(losses);
    this.copy(improved, {at: 'best', gradient: 'bestGradient'});
    this.copy(halved, {best: 'at', bestGradient: 'gradient'});
  }

  /** Puts rows of some images into others where the flags say so. */
  private copy(flags: boolean[], pairs: Partial<Record<keyof Images, keyof Images>>): void {
    if (!flags.some(Boolean)) return;
    tidy(() => {
      const shape = [this.size, ...this.at.shape.slice(1).map(() => 1)];
      const isCopied = tensor(flags, shape, 'bool');
      for (const [from, to] of Object.entries(pairs) as Array<[keyof Images, keyof Images]>)
        this.set({[to]: where(isCopied, this.images[from], this.images[to])});
    });
  }

  /** All that are still under way are best where their loss was largest. */
  finish(done: Rows): void {
    if (this.size > 0) done.put(this.places, this.images.best.clone());
  }

  dispose(): void {
    if (this.search !== this.whole) this.search.dispose();
    dispose(Object.values(this.images));
  }
}
