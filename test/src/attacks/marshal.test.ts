import {afterEach, describe, expect, it, vi} from 'vitest';
import type {AttackProgress} from '../../../src/attacks/attack_types.js';
import {Marshal} from '../../../src/attacks/marshal.js';
import {pgd} from '../../../src/index.js';
import {classesOf, forThisFile, rowWiseNet} from '../../support/attacked_nets.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

afterEach(() => vi.unstubAllGlobals());

describe('progress', () => {
  it('counts examples of all batches and radii, and the steps of each batch anew', async () => {
    const seen: AttackProgress[] = [];
    const marshal = new Marshal('toy', 5, {epsilons: [0.1, 0.2], onProgress: p => void seen.push(p)});
    for (const [size, steps] of [
      [3, 2],
      [2, 1],
    ])
      for (const epsilon of [0.1, 0.2]) {
        marshal.begin();
        for (let step = 0; step < steps; step++) await marshal.step(epsilon, size);
        marshal.end(size);
      }
    const row = ({epsilon, examples, step, active}: AttackProgress) => [epsilon, examples, step, active];
    expect(seen.map(row)).toEqual([
      [0.1, 0, 1, 3],
      [0.1, 0, 2, 3],
      [0.2, 3, 1, 3],
      [0.2, 3, 2, 3],
      [0.1, 6, 1, 2],
      [0.2, 8, 1, 2],
    ]);
    expect(seen.every(({attack, of}) => attack === 'toy' && of === 10)).toBe(true);
  });

  it('has no radius where the smallest perturbation is sought', async () => {
    const seen: AttackProgress[] = [];
    const marshal = new Marshal('toy', 5, {onProgress: p => void seen.push(p)});
    await marshal.step(Infinity, 5);
    expect(seen).toEqual([{attack: 'toy', epsilon: undefined, examples: 0, of: 5, step: 1, active: 5}]);
  });

  it('of an attack shows examples that are done leave', async () => {
    const net = rowWiseNet(6, 4, 3);
    const x = forThisFile(randomTensor([12, 6], 5));
    const seen: AttackProgress[] = [];
    const options = {epsilon: 0.5, bounds: [-9, 9] as [number, number], batchSize: 8};
    const {success, adversarial} = await pgd(net, x, classesOf(net, x), {
      ...options,
      onProgress: p => void seen.push(p),
    });
    adversarial.dispose();
    const first = seen.filter(({examples}) => examples === 0).map(({active}) => active);
    expect(Math.max(...first)).toBeLessThanOrEqual(8);
    expect(Math.min(...first)).toBeLessThan(8);
    expect(new Set(seen.map(({examples}) => examples))).toEqual(new Set([0, 8]));
    expect(success.filter(Boolean).length).toBeGreaterThan(0);
  });
});

describe('a step', () => {
  it('lets events through that wait', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('event'));
    await new Marshal('toy', 1, {}).step(0.1, 1);
    order.push('step');
    expect(order).toEqual(['event', 'step']);
  });

  it('throws the reason of the signal, given before it or in onProgress', async () => {
    const reason = new Error('enough');
    const aborted = new Marshal('toy', 1, {signal: AbortSignal.abort(reason)});
    expect(await errorOf(() => aborted.step(0.1, 1))).toBe(reason);
    expect(await errorOf(() => aborted.checkAborted())).toBe(reason);
    const controller = new AbortController();
    const onProgress = () => controller.abort(reason);
    const marshal = new Marshal('toy', 1, {onProgress, signal: controller.signal});
    expect(await errorOf(() => marshal.step(0.1, 1))).toBe(reason);
  });

  it('waits for no timer where setImmediate is missing, as in browsers', async () => {
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('setTimeout', () => {
      throw new Error('a timer');
    });
    vi.resetModules();
    const {Marshal} = await import('../../../src/attacks/marshal.js');
    await new Marshal('toy', 1, {}).step(0.1, 1);
  });
});
