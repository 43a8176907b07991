import {describe, expect, it} from 'vitest';
import {seal} from '../../../plugin/training/checksum.js';
import {decodeJson, decodeState, encodeState} from '../../../plugin/training/training_state.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

const state = {
  optimizer: {className: 'Adam', variables: ['a'], trained: [0]},
  counters: [{seed: 1, steps: 2}],
  streams: {shuffle: [1, 2, 3, 4]},
  callbacks: [{key: 'k', state: {best: Infinity}}],
  progress: {loss: NaN},
  specs: [],
  checksums: {a: '00000000'},
};
const bytesOf = (value: unknown) => seal(JSON.stringify(value));

describe('decodeState', () => {
  it('reads what encodeState wrote, every number', () => {
    expect(decodeState('test', 'x.json', encodeState(state))).toEqual(state);
  });

  it('notices each flipped bit and each other length', async () => {
    const bytes = encodeState(state);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodeState('test', 'x.json', damaged)).toThrow(
        'to have the checksum that it was saved with',
      );
    }
    const longer = new Uint8Array([...bytes, 10]);
    for (const other of [longer, ...bytes.keys()].map(of =>
      typeof of === 'number' ? bytes.slice(0, of) : of,
    )) {
      await expectRefusal(() => decodeState('test', 'x.json', other), 'x.json', 'damaged');
    }
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
