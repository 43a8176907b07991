import {dispose, type Tensor} from '@tensorflow/tfjs-core';
import {afterEach} from 'vitest';
import type {GradientHealth} from '../../src/attacks/attack_types.js';
import {Search, type Task} from '../../src/attacks/search.js';
import type {Classifier} from '../../src/types.js';

/** A search as an attack's `run` gets it, which writes down what it is told. */
export interface WatchedSearch extends Search {
  /** Of each example, as it was last noted. */
  health: Map<number, GradientHealth>;
  /** How many examples were under way in each step. */
  active: number[];
}

/** Searches live as long as the test that made them, with their inputs. */
export function watchedSearch(
  classifier: Classifier,
  x: Tensor,
  labels: number[],
  task: Partial<Task> & Pick<Task, 'classes'>,
): WatchedSearch {
  const health = new Map<number, GradientHealth>();
  const active: number[] = [];
  const whole: Task = {
    caller: 'test',
    classifier,
    norm: 'l2',
    bounds: [-100, 100],
    targeted: false,
    epsilon: Infinity,
    noteGradient: (example, state) => void health.set(example, state),
    step: size => Promise.resolve(void active.push(size)),
    ...task,
  };
  const search = new Search(
    whole,
    x,
    Int32Array.from(labels),
    labels.map((_, i) => i),
  );
  toDispose.push(x);
  return Object.assign(search, {health, active});
}

const toDispose: Tensor[] = [];
afterEach(() => dispose(toDispose.splice(0)));
