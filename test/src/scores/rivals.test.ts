import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {gaps, randomRanks, rivalDirections} from '../../../src/scores/rivals.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {labelsOf} from '../../support/tiny_models.js';

/** The rivals of each example: where the directions are -1; checks that they are 1 at the label and 0 elsewhere. */
function rivalsOf(ranks: number[][], labels: number[], topK: number): number[][] {
  const classes = ranks[0].length;
  const directions = tf.tidy(() =>
    rivalDirections(labelsOf(labels, classes), tf.tensor2d(ranks), topK).map(d => d.arraySync()),
  );
  expect(directions).toHaveLength(topK);
  return labels.map((label, example) =>
    directions.map(direction => {
      const row = direction[example];
      const rival = row.indexOf(-1);
      const wanted = row.map((_, c) => +(c === label) - +(c === rival));
      expect(row.map(value => value + 0)).toEqual(wanted);
      return rival;
    }),
  );
}

describe('rivalDirections', () => {
  const scores = [
    [5, 1, 4, 3],
    [2, 9, 8, 1],
  ];

  it('picks the highest scores but the label, in order', () => {
    expect(rivalsOf(scores, [0, 3], 1)).toEqual([[2], [1]]);
    expect(rivalsOf(scores, [0, 3], 2)).toEqual([
      [2, 3],
      [1, 2],
    ]);
  });

  it('picks all other classes when topK is classes - 1', () => {
    expect(rivalsOf(scores, [1, 1], 3)).toEqual([
      [0, 2, 3],
      [2, 0, 3],
    ]);
  });

  it('never picks the label, not even among scores of -1e38', () => {
    expect(rivalsOf([[1e38, -1e38, -2e38]], [0], 2)).toEqual([[1, 2]]);
  });

  it('picks different rivals where all scores tie', () => {
    const [rivals] = rivalsOf([[1, 1, 1, 1]], [2], 3);
    expect([...rivals].sort()).toEqual([0, 1, 3]);
  });

  it('leaves no tensor behind but the directions, which are float32', () => {
    const [labels, ranks] = [labelsOf([0, 3], 4), tf.tensor2d(scores)];
    const directions = expectNoLeak(() => rivalDirections(labels, ranks, 2));
    expect(directions.map(d => d.dtype)).toEqual(['float32', 'float32']);
    tf.dispose([labels, ranks, directions]);
  });
});

describe('randomRanks', () => {
  const draw = (batch: number, classes: number, seed: number) =>
    tf.tidy(() => randomRanks(batch, classes, seed).arraySync());

  it('gives the same ranks for the same seed and others for another', () => {
    expect(draw(3, 5, 7)).toEqual(draw(3, 5, 7));
    expect(draw(3, 5, 7)).not.toEqual(draw(3, 5, 8));
  });

  it('makes every set of rivals equally likely: without replacement, whatever the label', () => {
    // 5 classes, label 1, topK 2: 6 pairs of {0, 2, 3, 4}; 6000 draws give 1000 of each.
    const batch = 6000;
    const rivals = rivalsOf(draw(batch, 5, 20181), new Array(batch).fill(1), 2);
    const counts = new Map<string, number>();
    for (const pair of rivals) {
      const key = [...pair].sort().join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0,2', '0,3', '0,4', '2,3', '2,4', '3,4']);
    // Chi-square with 5 degrees of freedom exceeds 20.5 once in 1000 fair draws; the seed is fixed.
    const chi = [...counts.values()].reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(20.5);
  });

  it('draws each example on its own', () => {
    const rivals = rivalsOf(draw(400, 5, 3), new Array(400).fill(0), 1).flat();
    const repeats = rivals.filter((rival, i) => i > 0 && rival === rivals[i - 1]).length;
    // 399 pairs of neighbours agree with probability 1/4: 99.75 with standard deviation 8.65.
    expect(Math.abs(repeats - 99.75)).toBeLessThan(4 * 8.65);
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(() => randomRanks(2, 3, 1)).dispose();
  });
});

describe('gaps', () => {
  it('are the true score minus the rival score, and their slope is the direction', () => {
    tf.tidy(() => {
      const scores = tf.tensor2d([
        [5, 1, 4],
        [2, 9, 8],
      ]);
      const directions = rivalDirections(labelsOf([0, 2]), scores, 2);
      const g = expectNoLeak(() => gaps(scores, directions));
      // 5 - 4, 5 - 1; 8 - 9, 8 - 2.
      expect(g.arraySync()).toEqual([
        [1, 4],
        [-1, 6],
      ]);
      const slope = tf.grad((s: tf.Tensor) => tf.sum(gaps(s as tf.Tensor2D, directions)) as tf.Scalar)(
        scores,
      );
      // The sum of both directions: 2 at the label, -1 at each rival.
      expectClose(slope.dataSync(), [2, -1, -1, -1, -1, 2], 0);
    });
  });

  it.each([NaN, Infinity])('report %s in any score', value => {
    const [[gap]] = tf.tidy(() => {
      const scores = tf.tensor2d([[1, value, 3]]);
      return gaps(scores, [tf.tensor2d([[1, 0, -1]])]).arraySync();
    });
    expect(Number.isFinite(gap)).toBe(false);
  });
});
