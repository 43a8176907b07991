import {grad, softmax, tensor2d, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {asLogits} from '../../../src/evaluation/as_logits.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

it('gaps of log p are gaps of logits, while no probability has underflowed', () => {
  const z = tensor2d([[1, -2, 3.5]]);
  const logits = expectNoLeak(() => asLogits(x => softmax(x as Tensor2D))(z));
  const [a, b, c] = logits.dataSync();
  expect(a - b).toBeCloseTo(3, 5);
  expect(c - a).toBeCloseTo(2.5, 5);
});

it('a probability of 0 is the smallest normal number, so that its logit is finite; NaN stays NaN', () => {
  const [zero, one, nan] = asLogits((x: Tensor) => x.clone())(tensor2d([[0, 1, NaN]])).dataSync();
  expect(zero).toBeCloseTo(-126 * Math.LN2, 3);
  expect(one).toBe(0);
  expect(nan).toBeNaN();
});

it('has a gradient, and keeps what a classifier knows of itself', () => {
  const slopes = grad((x: Tensor) => asLogits(p => p.clone())(x).sum())(tensor2d([[0.25, 0.5]]));
  expect(Array.from(slopes.dataSync())).toEqual([4, 2]);
  const known = {fingerprint: () => 'a', within: <T>(f: () => T) => f(), ownLoss: undefined};
  const wrapped = asLogits(Object.assign((x: Tensor) => x, known));
  expect(wrapped.fingerprint?.()).toBe('a');
  expect(wrapped.within).toBe(known.within);
});
