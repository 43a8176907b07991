import {describe, expect, it} from 'vitest';
import {Ledger} from '../../../src/evaluation/ledger.js';
import {errorOf, expectRefusal} from '../../support/expect_no_leak.js';
import {MemoryState} from '../../support/report_nets.js';

const nets = async () => ({model: 'a'});
const identify = {identify: async () => ({model: 'a', x: 'b'}), nets};

describe('a ledger', () => {
  it('gives each figure under an id of its own', async () => {
    const ledger = await Ledger.open('report', undefined, identify);
    let made = 0;
    const make = async () => ++made;
    expect([await ledger.entry('a', make), await ledger.entry('b', make)]).toEqual([1, 2]);
    await expectRefusal(() => ledger.entry('a', make), 'attacks', "'a'");
    expect(made).toBe(2);
  });

  it('takes a place that gives undefined for one where nothing is, and refuses what is no text', async () => {
    const reading = (text: unknown) => ({read: async () => text as string, write: async () => {}});
    const ledger = await Ledger.open('report', reading(undefined), identify);
    expect(await ledger.entry('a', async () => 1)).toBe(1);
    for (const text of [5, {}, false])
      await expectRefusal(() => Ledger.open('report', reading(text), identify), 'state', 'a text');
  });

  it('asks what the evaluation is of only where there is a state', async () => {
    let asked = 0;
    const count = async () => {
      asked++;
      return nets();
    };
    await Ledger.open('report', undefined, {identify: count, nets: count});
    expect(asked).toBe(0);
    await Ledger.open('report', new MemoryState(), {identify: count, nets: count});
    expect(asked).toBe(1);
  });

  it('writes after each figure, before it gives it, and goes on from there', async () => {
    const state = new MemoryState();
    const ledger = await Ledger.open('report', state, identify);
    for (const id of ['a', 'b', 'c']) await ledger.entry(id, async () => id);
    expect(state.written).toHaveLength(3);
    const again = await Ledger.open('report', state, identify);
    const never = () => Promise.reject(new Error('made again'));
    expect(await again.entry('b', never)).toBe('b');
    expect(await errorOf(() => again.entry('d', never))).toEqual(new Error('made again'));
    expect(state.written).toHaveLength(3);
  });

  it('keeps figures that are 0, false or null', async () => {
    const state = new MemoryState();
    const ledger = await Ledger.open('report', state, identify);
    for (const [id, value] of Object.entries({zero: 0, no: false, none: null}))
      await ledger.entry(id, async () => value);
    const again = await Ledger.open('report', state, identify);
    expect(await again.entry('zero', async () => 1)).toBe(0);
    expect(await again.entry<boolean>('no', async () => true)).toBe(false);
    expect(await again.entry<number | null>('none', async () => 1)).toBe(null);
  });

  it('writes nothing down of nets that are others than at the start', async () => {
    const state = new MemoryState();
    let model = 'a';
    const ledger = await Ledger.open('report', state, {...identify, nets: async () => ({model})});
    await ledger.entry('a', async () => 1);
    const make = async () => {
      model = 'b';
      return 2;
    };
    await expectRefusal(() => ledger.entry('b', make), 'classifier', 'other model', 'weights changed');
    expect(state.written).toHaveLength(1);
  });

  it('lets errors of the place through', async () => {
    const full = {read: async () => null, write: () => Promise.reject(new Error('disk full'))};
    const ledger = await Ledger.open('report', full, identify);
    expect(await errorOf(() => ledger.entry('a', async () => 1))).toEqual(new Error('disk full'));
  });
});
