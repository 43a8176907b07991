import {describe, expect, it} from 'vitest';
import {checkCount, checkFlag, checkNoOthers} from '../../../plugin/callbacks/check_args.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('the checks of arguments', () => {
  it('let counts, flags and nothing else through', () => {
    expect(() => checkCount('caller', 'patience', 0)).not.toThrow();
    expect(() => checkFlag('caller', 'raise', false)).not.toThrow();
    expect(() => checkNoOthers('caller', {})).not.toThrow();
  });

  it.each([-1, 0.5, NaN, Infinity, '1', undefined])('refuse %s for a count', async value => {
    await expectRefusal(() => checkCount('caller', 'patience', value), 'patience', 'integer >= 0');
  });

  it.each([0, 'true', undefined])('refuse %s for a flag', async value => {
    await expectRefusal(() => checkFlag('caller', 'raise', value), 'raise', 'true or false');
  });

  it('refuse a key that nobody reads, by its name', async () => {
    await expectRefusal(() => checkNoOthers('caller', {raze: true}), 'args', /'raze'/);
  });
});
