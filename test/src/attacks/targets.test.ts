import {tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {Search, type Task} from '../../../src/attacks/search.js';
import {strongestRivals, towards} from '../../../src/attacks/targets.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';

/** A search whose inputs are the logits; its examples are the 10th and the 11th of all. */
function searchOf(logits: number[][], labels: number[]): Search {
  const task: Task = {
    caller: 'test',
    classifier: (x: Tensor) => x.clone(),
    classes: logits[0].length,
    norm: 'linf',
    bounds: [0, 9],
    targeted: false,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  return new Search(
    task,
    tensor2d(logits),
    Int32Array.from(labels),
    labels.map((_, i) => 10 + i),
  );
}

describe('strongestRivals', () => {
  it('gives the classes with the largest logits, the own one left out, the largest first', async () => {
    const search = searchOf(
      [
        [1, 4, 3, 2],
        [8, 1, 2, 5],
      ],
      [1, 3],
    );
    const rivals = await expectNoLeakAsync(() => strongestRivals(search, 2));
    expect([...rivals]).toEqual([
      [10, [2, 3]],
      [11, [0, 2]],
    ]);
  });

  it('takes the first of equal logits first', async () => {
    expect((await strongestRivals(searchOf([[2, 1, 2, 2]], [0]), 3)).get(10)).toEqual([2, 3, 1]);
  });

  it('refuses more rivals than there are', async () => {
    const search = searchOf([[1, 2, 3]], [0]);
    await expectRefusal(() => strongestRivals(search, 3), 'targets', 'in 1..2', 'got 3');
  });
});

describe('towards', () => {
  it('is reached with the target, and shares the inputs', () => {
    const search = searchOf([[1, 2, 3]], [0]);
    const led = towards(search, Int32Array.of(2));
    expect(led.reached(Float32Array.of(1, 2, 3))).toEqual([true]);
    expect(led.reached(Float32Array.of(1, 3, 2))).toEqual([false]);
    expect(led.x).toBe(search.x);
  });
});
