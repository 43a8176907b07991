import {describe, expect, it} from 'vitest';
import {resolveArgs} from '../../../plugin/callbacks/early_stopping_args.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('resolveArgs', () => {
  it('fills in the defaults of Keras', () => {
    expect(resolveArgs('caller', {})).toEqual({
      monitor: 'val_loss',
      rule: {direction: 'min', minDelta: 0},
      patience: 0,
      baseline: Infinity,
      restoreBestWeights: false,
      startFromEpoch: 0,
    });
  });

  it('has a baseline that everything beats where none is given', () => {
    expect(resolveArgs('caller', {monitor: 'val_acc'}).baseline).toBe(-Infinity);
    expect(resolveArgs('caller', {monitor: 'val_acc', baseline: 0}).baseline).toBe(0);
  });

  it('names the caller and what it does not know', async () => {
    await expectRefusal(() => resolveArgs('caller', {verbose: 1} as object), 'args', /^caller: .*'verbose'/);
  });
});
