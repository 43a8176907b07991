import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import type {GradientHealth} from '../../../src/attacks/attack_types.js';
import {Search, strongest, type Task} from '../../../src/attacks/search.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

const noted: Array<[number, GradientHealth]> = [];
const task: Task = {
  caller: 'toy',
  classifier: x => x,
  classes: 3,
  norm: 'linf',
  bounds: [0, 1],
  targeted: false,
  epsilon: 0.1,
  noteGradient: (example, health) => noted.push([example, health]),
  step: () => Promise.resolve(),
};
const search = new Search(task, tf.tensor2d([[1], [2], [3]]), Int32Array.of(2, 0, 1), [7, 8, 9]);

describe('a search', () => {
  it('has the labels as one-hot rows', () => {
    const rows = expectNoLeak(() => search.oneHot());
    expect(rows.dtype).toBe('float32');
    expect(rows.arraySync()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 1, 0],
    ]);
    rows.dispose();
  });

  it('narrowed down has inputs, labels and places of some, to be disposed of', () => {
    expectNoLeak(() => {
      let part!: Search;
      tf.tidy(() => void (part = search.among([2, 0])));
      expect(part.size).toBe(2);
      expect(Array.from(part.x.dataSync())).toEqual([3, 1]);
      expect(Array.from(part.labels)).toEqual([1, 2]);
      expect(part.examples).toEqual([9, 7]);
      part.dispose();
    });
  });

  it('gives an example the same random numbers in whatever batch, and others to each restart and seed', () => {
    const draw = (search: Search, seed: number, restart?: number) =>
      search.streams(seed, restart).map(stream => stream.next());
    const part = search.among([2, 0]);
    expect(draw(part, 4, 1)).toEqual([draw(search, 4, 1)[2], draw(search, 4, 1)[0]]);
    const all = [
      draw(search, 4),
      draw(search, 4, 1),
      draw(search, 5),
      draw(search, -4),
      draw(search, 5, 1),
    ].flat();
    expect(new Set(all).size).toBe(all.length);
    part.dispose();
  });

  it('notes what gradients are at the start, later only that they broke', () => {
    noted.length = 0;
    search.noteGradients(['sound', 'zero', 'nan'], true);
    search.noteGradients(['zero', 'sound', 'sound'], false);
    search.noteGradients(['infinite', 'sound', 'nan'], false);
    expect(noted).toEqual([
      [7, 'sound'],
      [8, 'zero'],
      [9, 'nan'],
      [7, 'infinite'],
      [9, 'nan'],
    ]);
  });

  it('is there where the class is another (targeted: the one), and never where a logit is no number', () => {
    const targeted = new Search({...task, targeted: true}, search.x, search.labels, search.examples);
    // Labels 2, 0, 1.
    const cases: Array<[number[], boolean[], boolean[]]> = [
      [
        [0, 0, 1, /**/ 1, 0, 0, /**/ 0, 1, 0],
        [false, false, false],
        [true, true, true],
      ],
      [
        [1, 0, 0, /**/ 0, 1, 0, /**/ 0, 0, 1],
        [true, true, true],
        [false, false, false],
      ],
      // Of equals the first is the class.
      [
        [1, 0, 1, /**/ 1, 1, 0, /**/ 0, 1, 1],
        [true, false, false],
        [false, true, true],
      ],
      [
        [NaN, 9, 0, /**/ 0, Infinity, 0, /**/ 9, 0, -Infinity],
        [false, false, false],
        [false, false, false],
      ],
    ];
    for (const [logits, left, reached] of cases) {
      expect(search.reached(Float32Array.from(logits))).toEqual(left);
      expect(targeted.reached(Float32Array.from(logits))).toEqual(reached);
    }
  });

  it('has the first of equals for its strongest class', () => {
    expect(strongest(Float32Array.of(-5, -5, -7))).toBe(0);
    expect(strongest(Float32Array.of(-7, -5, -5))).toBe(1);
    expect(strongest(Float32Array.of(3))).toBe(0);
  });
});
