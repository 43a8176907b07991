import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import type {Slot} from '../../../plugin/optimizer/slot_fields.js';
import {SlotFiles} from '../../../plugin/optimizer/slot_files.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {named} from './stock.js';

afterEach(() => vi.restoreAllMocks());

let made = 0;
const slot = (shape = [2, 2]): Slot => {
  const variable = tf.tidy(() => tf.variable(tf.zeros(shape), false, `slot_files/${made++}`));
  return {originalName: '', variable};
};
const namesIn = (files: SlotFiles) => files.list().map(({name, field}) => `${name}:${field}`);

describe('filed slots', () => {
  it('are found by variable and field, and freed with all the rest', () => {
    expectNoLeak(() => {
      const files = new SlotFiles('test');
      const [v, w] = [named('files/v'), named('files/w')];
      const own = slot();
      files.add(v, 'm', own);
      files.add(w, 'm', slot());
      files.addWaiting('files/x', 'm', slot());
      expect(files.slotOf(v, 'm')).toBe(own);
      expect(files.slotOf(v, 'n')).toBeUndefined();
      expect(namesIn(files)).toEqual(['files/v:m', 'files/w:m', 'files/x:m']);
      files.dispose();
      expect(namesIn(files)).toEqual([]);
      tf.dispose([v, w]);
      return undefined;
    });
  });

  it('that wait go to their variable, which may be called otherwise by now', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const files = new SlotFiles('test');
    const v = named('files/k_1');
    const [m, n] = [slot(), slot()];
    files.addWaiting('files/k', 'm', m);
    files.addWaiting('files/k', 'n', n);
    files.claim([v]);
    expect([files.slotOf(v, 'm'), files.slotOf(v, 'n')]).toEqual([m, n]);
    expect(m.originalName).toBe('files/k_1/m');
    expect(namesIn(files)).toEqual(['files/k_1:m', 'files/k_1:n']);
    expect(warn).not.toHaveBeenCalled();
    files.dispose();
    v.dispose();
  });

  it('that nobody claims are kept, and a variable without any is named, once', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const files = new SlotFiles('test');
    const v = named('files/new');
    files.addWaiting('files/frozen', 'm', slot());
    files.claim([v]);
    files.add(v, 'm', slot());
    files.claim([v]);
    expect(warn.mock.calls).toEqual([
      [
        'test: nothing in the loaded state belongs to files/new, whose slots start anew; ' +
          'no variable yet for the slots of files/frozen',
      ],
    ]);
    expect(namesIn(files)).toEqual(['files/new:m', 'files/frozen:m']);
    files.dispose();
    v.dispose();
  });

  it('of another shape than their variable are refused before any has moved', async () => {
    const files = new SlotFiles('test');
    const [v, w] = [named('files/v'), named('files/w')];
    files.addWaiting('files/v', 'm', slot());
    files.addWaiting('files/w', 'm', slot([3]));
    await expectRefusal(() => files.claim([v, w]), 'gradients', /files\/w .*\[3\], got \[2, 2\]/);
    expect(files.slotOf(v, 'm')).toBeUndefined();
    files.dispose();
    tf.dispose([v, w]);
  });

  it('are one for each variable and field', async () => {
    const files = new SlotFiles('test');
    const [first, second] = [slot(), slot()];
    files.addWaiting('files/v', 'm', first);
    await expectRefusal(() => files.addWaiting('files/v', 'm', second), 'optimizer', /files\/v\/m/);
    files.dispose();
    second.variable.dispose();
  });

  it('are dropped with their variable, also where its name was given again or tfjs disposed of all', () => {
    const files = new SlotFiles('test');
    const [v, w] = [named('files/v'), named('files/w')];
    const kept = named('files/kept');
    const [own, ...rest] = [slot(), slot(), slot()];
    files.add(v, 'm', own);
    files.add(w, 'm', rest[0]);
    files.add(kept, 'm', rest[1]);
    v.dispose();
    w.dispose();
    const again = named('files/w');
    files.dropDisposed();
    expect(namesIn(files)).toEqual(['files/kept:m']);
    expect([own, ...rest].map(({variable}) => variable.isDisposed)).toEqual([true, true, false]);
    files.dispose();
    tf.dispose([kept, again]);
  });
});
