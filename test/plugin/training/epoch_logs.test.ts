import {describe, expect, it} from 'vitest';
import {parseExactly, stringifyExactly} from '../../../plugin/training/exact_json.js';
import {EpochLogs} from '../../../plugin/training/epoch_logs.js';

describe('EpochLogs', () => {
  it('counts each example alike', () => {
    const logs = new EpochLogs();
    logs.add({loss: 1, acc: 0.5}, 3);
    logs.add({loss: 5, acc: 1}, 1);
    // (3 x 1 + 1 x 5) / 4 and (3 x 0.5 + 1 x 1) / 4.
    expect(logs.means()).toEqual({loss: 2, acc: 0.625});
    expect(Object.keys(logs.means())).toEqual(['loss', 'acc']);
  });

  it('has no means of nothing, and hides no NaN', () => {
    const logs = new EpochLogs();
    expect(logs.means()).toEqual({});
    logs.add({loss: NaN}, 2);
    logs.add({loss: 1}, 2);
    expect(logs.means()).toEqual({loss: NaN});
  });

  it('goes on from a state that went through JSON, to the last bit', () => {
    const [whole, first, second] = [new EpochLogs(), new EpochLogs(), new EpochLogs()];
    const batches = [0.1, 0.2, Infinity, 1e-300, 3].map((loss, i) => ({loss, step: i / 7}));
    batches.forEach((batch, i) => whole.add(batch, i + 1));
    batches.slice(0, 2).forEach((batch, i) => first.add(batch, i + 1));
    second.setState(parseExactly(stringifyExactly(first.getState())));
    // What is done to the one does not reach the other.
    first.add({loss: 100}, 100);
    batches.slice(2).forEach((batch, i) => second.add(batch, i + 3));
    expect(second.means()).toEqual(whole.means());
  });
});
