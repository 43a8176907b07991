import {add, mul, randomNormal, tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {measureRandomness} from '../../../src/evaluation/probe_randomness.js';
import type {Subject} from '../../../src/evaluation/subject.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {casesFor, linearNet} from '../../support/report_nets.js';

const net = linearNet();

async function measured(classifier: Subject['classifier']): Promise<number> {
  const {x, labels} = casesFor(net, 12);
  const shared = {caller: 'report', classes: 3, norm: 'linf', bounds: [0, 1], seed: 0, batchSize: 5};
  const subject = {...shared, classifier, x, labels} as Subject;
  const value = await expectNoLeakAsync(() => measureRandomness(subject));
  x.dispose();
  return value;
}

describe('measureRandomness', () => {
  it('is 0 for a net that says the same each time', async () => {
    expect(await measured(net)).toBe(0);
  });

  it('is the largest difference, as a share of the largest logit, whatever their scale', async () => {
    // 1 and 1.25 in turns: 0.25 apart, of 1.25.
    for (const scale of [1, 1e-6, 1e6]) {
      let calls = 0;
      const turning = (x: Tensor) => {
        const logit = scale * (1 + 0.25 * (calls++ % 2));
        return mul(tensor2d(Array(3 * x.shape[0]).fill(1), [x.shape[0], 3]), logit);
      };
      expect(await measured(turning)).toBeCloseTo(0.2, 6);
    }
  });

  it('sees a layer of little noise, and leaves NaN to others', async () => {
    const noisy = (x: Tensor) => net(add(x, randomNormal(x.shape, 0, 0.01)));
    expect(await measured(noisy)).toBeGreaterThan(1e-3);
    expect(await measured(x => add(net(x), NaN))).toBe(0);
  });
});
