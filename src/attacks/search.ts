import {keep, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {RandomStream, stepSeed} from '../random.js';
import {oneHotLabels} from '../scores/labels.js';
import type {Classifier} from '../types.js';
import type {AttackNorm, GradientHealth} from './attack_types.js';
import type {Bounds} from './balls.js';
import {takeRows} from './rows.js';

/** What is the same for all examples of an attack. */
export interface Task {
  /** Name of the attack, for errors. */
  caller: string;
  classifier: Classifier;
  classes: number;
  norm: AttackNorm;
  bounds: Bounds;
  targeted: boolean;
  /** Radius of the ball; Infinity where the smallest perturbation is sought. */
  epsilon: number;
  /** Gets what the gradients of an example were like. */
  noteGradient(example: number, health: GradientHealth): void;
  /** Counts a step of the batch, lets other code run, and throws where the attack was aborted. */
  step(active: number): Promise<void>;
}

/** The examples that an attack still works on: what a `run` gets, and may narrow down as examples are done. */
export class Search {
  constructor(
    readonly task: Task,
    /** [size, ...], to be disposed of by whoever made the search. */
    readonly x: Tensor,
    /** True classes, or targets. */
    readonly labels: Int32Array,
    /** The place of each example among all that are attacked: what random numbers depend on. */
    readonly examples: number[],
  ) {}

  get size(): number {
    return this.examples.length;
  }

  /** The labels as one-hot rows, [size, classes]. */
  oneHot(): Tensor2D {
    return oneHotLabels(this.labels, this.task.classes);
  }

  /** The examples at these places alone; `dispose` lets go of their inputs. */
  among(places: number[]): Search {
    const labels = Int32Array.from(places, place => this.labels[place]);
    const examples = places.map(place => this.examples[place]);
    return new Search(this.task, keep(takeRows(this.x, places)), labels, examples);
  }

  dispose(): void {
    this.x.dispose();
  }

  /** A stream of random numbers for each example, the same in whatever batch it is. */
  streams(seed: number, restart = 0): RandomStream[] {
    return this.examples.map(example => new RandomStream(stepSeed(stepSeed(seed, restart), example)));
  }

  /** Notes what gradients were like: at the start all that there is to say, later only that they broke. */
  noteGradients(health: GradientHealth[], isStart: boolean): void {
    health.forEach((state, i) => {
      const isBroken = state === 'nan' || state === 'infinite';
      if (isStart || isBroken) this.task.noteGradient(this.examples[i], state);
    });
  }

  /** Whether each example's class is what the attack wants; never where a logit is not finite. */
  reached(logits: Float32Array): boolean[] {
    const {classes, targeted} = this.task;
    return this.examples.map((_, i) => {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      return row.every(Number.isFinite) && (strongest(row) === this.labels[i]) === targeted;
    });
  }
}

/** The class with the largest logit, of equal ones the first. */
export function strongest(logits: Float32Array): number {
  return logits.reduce((best, value, i) => (value > logits[best] ? i : best), 0);
}
