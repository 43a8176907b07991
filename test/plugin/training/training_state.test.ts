import {describe, expect, it} from 'vitest';
import {decodeJson, decodeState, encodeState} from '../../../plugin/training/training_state.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

const state = {
  optimizer: {className: 'Adam', variables: ['a']},
  counters: [{seed: 1, steps: 2}],
  streams: {shuffle: [1, 2, 3, 4]},
  callbacks: [{key: 'k', state: {best: Infinity}}],
  progress: {loss: NaN},
  specs: [],
};
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('decodeState', () => {
  it('reads what encodeState wrote, every number', () => {
    expect(decodeState('test', 'x.json', encodeState(state))).toEqual(state);
  });

  it('says so where a later version wrote it', async () => {
    const later = bytesOf({...state, version: 2, somethingNew: true});
    await expectRefusal(
      () => decodeState('resumableFit', 'x.json', later),
      'the version of the checkpoint',
      /^resumableFit: expected the version of the checkpoint to be at most 1, got 2; update tfjs-large-margin$/,
    );
  });

  it.each([undefined, null, '1', 0, -1, 1.5])('refuses the version %s', async version => {
    await expectRefusal(
      () => decodeState('test', 'x.json', bytesOf({...state, version})),
      'x.json',
      'a version',
    );
  });

  it.each(Object.keys(state))('refuses a state without %s', async key => {
    for (const value of [undefined, null, 3]) {
      const bytes = bytesOf({...state, version: 1, [key]: value});
      await expectRefusal(() => decodeState('test', 'x.json', bytes), 'x.json', `to have ${key}`, 'damaged');
    }
  });
});

describe('decodeJson', () => {
  it.each(['', '{', '[]', '3', 'null', '{"a":1}}', '\u0000'])('refuses %j', async text => {
    const bytes = new TextEncoder().encode(text);
    await expectRefusal(
      () => decodeJson('test', 'x.json', bytes),
      'x.json',
      `${bytes.length} bytes`,
      'damaged',
    );
  });
});
