import {tensor2d, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {apgdSlope, measureOdds} from '../../../src/attacks/apgd_slope.js';
import type {AttackLoss} from '../../../src/attacks/attack_types.js';
import {Search, type Task} from '../../../src/attacks/search.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {labelsOf} from '../../support/tiny_models.js';

describe('measureOdds', () => {
  it('values the log-odds against a class', () => {
    // log(e^1 + e^2) - 3 = 2 + log(1 + e^-1) - 3 = -0.6867383; the cross-entropy is log(1 + e^that) = 0.4076060.
    const {values} = measureOdds(tensor2d([[3, 1, 2]]), labelsOf([0]), false);
    expectClose(values.dataSync(), [-0.6867383], 1e-6);
    const led = measureOdds(tensor2d([[3, 1, 2]]), labelsOf([0]), true);
    expectClose(led.values.dataSync(), [0.6867383], 1e-6);
  });

  it('tells steps apart where the cross-entropy is 0 in float32', () => {
    const logits = tensor2d([
      [60, 0, 1],
      [60, 0, 2],
      [6e6, 0, 1e6],
    ]);
    const {values} = measureOdds(logits, labelsOf([0, 0, 0]), false);
    // 1 + log(1 + e^-1) - 60, 2 + log(1 + e^-2) - 60, 1e6 - 6e6.
    expectClose(values.dataSync().subarray(0, 2), [-58.686738, -57.873072], 1e-6);
    expect(values.dataSync()[2]).toBe(-5e6);
  });

  it('leaves no tensor behind', () => {
    const [logits, labels] = [tensor2d([[3, 1, 2]]), labelsOf([0])];
    expectNoLeak(() => measureOdds(logits, labels, false));
  });
});

describe('apgdSlope', () => {
  // The logits are the inputs: slopes with respect to the one are those with respect to the other.
  const logits = [4, 1, 2, 3, 0];
  const task: Task = {
    caller: 'test',
    classifier: (x: Tensor) => x.clone(),
    classes: 5,
    norm: 'linf',
    bounds: [0, 9],
    targeted: false,
    epsilon: 1,
    noteGradient: () => undefined,
    step: () => Promise.resolve(),
  };
  const slopeOf = async (loss: AttackLoss, targets?: number[]) => {
    const x = tensor2d([logits]);
    const search = new Search(task, x, Int32Array.of(0), [0]);
    const wanted = targets && Int32Array.from(targets);
    const {gradient, values} = await expectNoLeakAsync(() => apgdSlope(search, x, loss, wanted));
    return {values: Array.from(values), slopes: Array.from(gradient.dataSync(), value => value + 0)};
  };

  it('climbs away from the own class without targets', async () => {
    // max z_i - z_0 = 3 - 4.
    expect(await slopeOf('logitMargin')).toEqual({values: [-1], slopes: [-1, 0, 0, 1, 0]});
    // (3 - 4) / (4 - 2); slopes (n + s / 2) / 2 with n = (-1, 0, 0, 1, 0), s = (1, 0, -1, 0, 0).
    expect(await slopeOf('dlr')).toEqual({values: [-0.5], slopes: [-0.25, 0, -0.25, 0.5, 0]});
  });

  it('climbs towards a target with one', async () => {
    // z_2 - max_{i != 2} z_i = 2 - 4.
    expect(await slopeOf('logitMargin', [2])).toEqual({values: [-2], slopes: [-1, 0, 1, 0, 0]});
    // (2 - 4) / (4 - (2 + 1) / 2) = -0.8; slopes (n + 0.8 s) / 2.5, n = (-1, 0, 1, 0, 0), s = (1, -1/2, -1/2, 0, 0).
    const {values, slopes} = await slopeOf('dlr', [2]);
    expectClose(values, [-0.8], 1e-6);
    expectClose(slopes, [-0.08, -0.16, 0.24, 0, 0], 1e-6);
  });

  it('takes the cross-entropy of the target where there is one', async () => {
    // Of softmax p the slopes are -(p - onehot); the value is z_2 - log(sum of the others' e^z).
    const powers = logits.map(Math.exp);
    const total = powers.reduce((a, b) => a + b);
    const {values, slopes} = await slopeOf('crossEntropy', [2]);
    expectClose(
      slopes,
      powers.map((power, i) => Number(i === 2) - power / total),
      1e-6,
    );
    expectClose(values, [2 - Math.log(total - powers[2])], 1e-6);
  });
});
