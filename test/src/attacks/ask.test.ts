import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {ask} from '../../../src/attacks/ask.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {errorOf, expectNoLeakAsync} from '../../support/expect_no_leak.js';

const x = tf.zeros([2, 1, 2]);
const search = (classifier: Task['classifier']) =>
  new Search({caller: 'square', classifier} as Task, x, Int32Array.of(0, 1), [0, 1]);

describe('ask', () => {
  it('gives the logits at inputs given as numbers, in the shape that the net wants', async () => {
    const net = (at: tf.Tensor) => tf.mul(tf.reshape(at, [at.shape[0], 2]), 2);
    const logits = await expectNoLeakAsync(() => ask(search(net), Float32Array.of(1, 2, 3, 4)));
    expect([...logits]).toEqual([2, 4, 6, 8]);
  });

  it('leaves nothing behind when the net fails', async () => {
    const net = () => {
      throw new Error('the net fails');
    };
    const failure = await expectNoLeakAsync(() => errorOf(() => ask(search(net), new Float32Array(4))));
    expect(String(failure)).toMatch('the net fails');
  });
});
