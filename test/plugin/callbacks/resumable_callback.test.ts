import {describe, expect, it} from 'vitest';
import {earlyStopping} from '../../../plugin/callbacks/early_stopping.js';
import {learningRateLogger} from '../../../plugin/callbacks/learning_rate_logger.js';
import {isResumable} from '../../../plugin/callbacks/resumable_callback.js';
import {terminateOnNaN} from '../../../plugin/callbacks/terminate_on_nan.js';
import {historyFile} from '../../../plugin/node/history_file.js';
import {tensorBoard} from '../../../plugin/node/tensorboard.js';

const make = () => [
  earlyStopping(),
  terminateOnNaN(),
  learningRateLogger(),
  historyFile('out/history.jsonl'),
  tensorBoard('out/logs'),
];

describe('the callbacks', () => {
  it('are resumable, each class under a key of its own', () => {
    expect(make().every(isResumable)).toBe(true);
    expect(new Set(make().map(({key}) => key)).size).toBe(make().length);
  });

  it('take back a state that has been through JSON', () => {
    const again = make();
    for (const [i, callback] of make().entries()) {
      const state = callback.getState();
      if (state === undefined) continue;
      again[i].setState(JSON.parse(JSON.stringify(state)) as never);
      expect(again[i].getState()).toEqual(state);
    }
  });
});

describe('isResumable', () => {
  it('is false for callbacks without a key or a state', () => {
    expect(isResumable({})).toBe(false);
    expect(isResumable({key: 'a', getState: () => undefined})).toBe(false);
    expect(isResumable({getState: () => undefined, setState: () => {}})).toBe(false);
  });
});
