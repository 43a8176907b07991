import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {findNonFinite, NonFiniteError, NonFinitePolicy} from '../../../plugin/optimizer/non_finite.js';
import {errorOf, expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {describeFinding} from './non_finite_suite.js';

afterEach(() => vi.restoreAllMocks());

describeFinding();

describe('the search for NaN and Infinity', () => {
  it('looks at the device once where all is well', () => {
    const gradients = [1, 2, 3].map(i => ({name: `${i}`, tensor: tf.ones([i, 4])}));
    const look = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    expect(expectNoLeak(() => findNonFinite(gradients))).toBeUndefined();
    expect(look).toHaveBeenCalledTimes(1);
    tf.dispose(gradients);
  });

  it('of no gradients finds nothing', () => {
    expect(findNonFinite([])).toBeUndefined();
  });
});

describe('an error about NaN or Infinity', () => {
  it('says all that is known of the place, and has it in fields', () => {
    const error = new NonFiniteError(
      'test',
      {step: 7, term: 'margin', layer: 'conv1', variable: 'conv1/kernel'},
      'go',
    );
    expect(error.message).toBe(
      'test: expected finite numbers, got NaN or Infinity in the term margin, at layer conv1, in the gradient of ' +
        'conv1/kernel, in step 7; go',
    );
    expect(error).toMatchObject({name: 'NonFiniteError', step: 7, term: 'margin', layer: 'conv1'});
    expect(error.variable).toBe('conv1/kernel');
    expect(error).toBeInstanceOf(Error);
    expect(new NonFiniteError('test', {step: 0}, 'go').message).toMatch(/Infinity in step 0; go$/);
  });
});

describe("the policy 'raise'", () => {
  it('throws, at each step that is not sound', async () => {
    const policy = new NonFinitePolicy('test', {policy: 'raise'});
    expect(policy.decide()).toBe(true);
    for (const step of [3, 4]) {
      policy.admit();
      const error = await errorOf(() => policy.decide({step, variable: 'v'}));
      expect(error).toBeInstanceOf(NonFiniteError);
      expect((error as NonFiniteError).step).toBe(step);
    }
    expect(policy.stopped).toBe(false);
  });
});

describe("the policy 'skip'", () => {
  it('leaves out as many in a row as it may, and throws at the next', async () => {
    const policy = new NonFinitePolicy('test', {policy: 'skip', maxSkips: 2});
    expect([policy.decide({step: 0}), policy.decide({step: 1})]).toEqual([false, false]);
    const error = await errorOf(() => policy.decide({step: 2, term: 'margin'}));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(
      /2 steps were left out before it in a row.*smaller learning rate/,
    );
    expect([policy.skipsInARow, policy.skips]).toEqual([3, 3]);
  });

  it('counts from 0 after a sound step', () => {
    const policy = new NonFinitePolicy('test', {policy: 'skip', maxSkips: 1});
    for (let step = 0; step < 10; step++) {
      expect(policy.decide(step % 2 === 0 ? {step} : undefined)).toBe(step % 2 === 1);
      expect(policy.skipsInARow).toBe(1 - (step % 2));
    }
    expect(policy.skips).toBe(5);
    policy.reset();
    expect(policy.skips).toBe(0);
  });

  it('may leave out 10 in a row unless it is told otherwise', () => {
    const policy = new NonFinitePolicy('test', {policy: 'skip'});
    for (let step = 0; step < 10; step++) policy.decide({step});
    expect(() => policy.decide({step: 10})).toThrow(NonFiniteError);
  });
});

describe("the policy 'stop'", () => {
  it('leaves the step out, warns once, and refuses every further step until it is reset', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const policy = new NonFinitePolicy('test', {policy: 'stop'});
    policy.admit();
    expect([policy.decide(), policy.stopped]).toEqual([true, false]);
    expect([policy.decide({step: 5, layer: 'fc'}), policy.stopped]).toEqual([false, true]);
    for (let i = 0; i < 3; i++) {
      const error = await errorOf(() => policy.admit());
      expect(error).toBeInstanceOf(NonFiniteError);
      expect((error as Error).message).toMatch(/at layer fc, in step 5; training stopped there; reset\(\)/);
    }
    expect(warn.mock.calls).toEqual([
      ['test: NaN or Infinity at layer fc, in step 5: training stops, no weight has changed'],
    ]);
    policy.reset();
    policy.admit();
    expect(policy.decide()).toBe(true);
  });
});

describe('a policy', () => {
  it('of another name, or with a count that is none, is refused', async () => {
    await expectRefusal(
      () => new NonFinitePolicy('test', {policy: 'ignore' as never}),
      'nonFinite',
      /'raise', 'skip' or 'stop', got 'ignore'/,
    );
    for (const maxSkips of [0, 1.5, NaN, -1, Infinity, '3']) {
      const make = () => new NonFinitePolicy('test', {policy: 'skip', maxSkips: maxSkips as never});
      await expectRefusal(make, 'maxSkips', /integer >= 1/);
    }
  });
});
