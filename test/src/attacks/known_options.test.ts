import {describe, expect, it} from 'vitest';
import {checkWatch, readNumbers} from '../../../src/attacks/known_options.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('checkWatch', () => {
  it('refuses what is no function and no signal', async () => {
    await expectRefusal(() => checkWatch('noise', {onProgress: 3 as never}), 'onProgress');
    await expectRefusal(() => checkWatch('noise', {signal: {} as never}), 'signal');
    expect(checkWatch('noise', {onProgress: () => {}, signal: new AbortController().signal})).toBeUndefined();
  });
});

describe('readNumbers', () => {
  const rule = {
    passes: (value: unknown) => typeof value === 'number' && value >= 0,
    expected: 'a number >= 0',
  };

  it('makes a list of one number or several', () => {
    expect(readNumbers('noise', 'sigmas', 3, rule)).toEqual([3]);
    expect(readNumbers('noise', 'sigmas', [1, 2], rule)).toEqual([1, 2]);
  });

  it.each([[[]], [[1, -1]], [-1], ['1'], [undefined]])('refuses %j', async value => {
    await expectRefusal(() => readNumbers('noise', 'sigmas', value, rule), 'sigmas', 'a number >= 0');
  });
});
