import * as tf from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {marginRegularizer} from '../../plugin/index.js';
import {markUsed, noteAt, notedAt, noteSite, siteSettings, SITE_CLASS} from '../../plugin/margin_sites.js';
import {withoutTape} from '../../src/distance/live_tape.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {taped} from '../support/taped.js';
import {dense} from '../support/tiny_models.js';

const x = tf.tensor1d([1, 2]);
const mark = () => marginRegularizer();

afterEach(() => vi.restoreAllMocks());

describe('siteSettings', () => {
  it('are those of a mark, and undefined for every other layer', () => {
    expect(siteSettings(marginRegularizer({gamma: 2, norm: 'l1'}))).toEqual({gamma: 2, norm: 'l1'});
    expect(siteSettings(mark())).toEqual({});
    expect(siteSettings(dense('d'))).toBeUndefined();
    expect(siteSettings(layers.activation({activation: 'linear'}))).toBeUndefined();
    expect(mark().getClassName()).toBe(SITE_CLASS);
  });
});

describe('what a layer shows on a tape', () => {
  it('is there for the time of that tape, in the order in which it came, for each layer', () => {
    const [a, b] = [mark(), mark()];
    const [one, two] = [tf.scalar(1), tf.scalar(2)];
    taped(() => {
      expect(notedAt(a)).toEqual([]);
      noteAt(a, one);
      noteAt(b, two);
      noteAt(a, two);
      expect(notedAt(a)).toEqual([one, two]);
      expect(notedAt(b)).toEqual([two]);
      // A tape within is the same one.
      tf.tidy(() => tf.grad(x => (noteAt(b, one), tf.sum(x) as tf.Scalar))(x));
      expect(notedAt(b)).toEqual([two, one]);
      expect(withoutTape(() => notedAt(b))).toEqual([]);
    });
    expect(notedAt(a)).toEqual([]);
    taped(() => expect(notedAt(a)).toEqual([]));
  });

  it('is forgotten at once where nothing is recorded, and never a tensor more', () => {
    const layer = mark();
    expectNoLeak(() => {
      noteAt(layer, x);
      taped(() => withoutTape(() => noteAt(layer, x)));
      taped(() => noteAt(layer, x));
    });
    taped(() => expect(notedAt(layer)).toEqual([]));
  });
});

describe('a mark that nobody uses', () => {
  const warned = async (f: () => void) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue().mockClear();
    f();
    expect(warn).not.toHaveBeenCalled();
    await Promise.resolve();
    return warn.mock.calls.map(([message]) => String(message));
  };

  it('is named once, together with others of the step', async () => {
    const [a, b] = [marginRegularizer({name: 'a'}), marginRegularizer({name: 'b'})];
    const step = () => taped(() => [a, b, a].forEach(layer => noteSite(layer, x, true)));
    const messages = await warned(() => (step(), step()));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain('no margin loss uses a, b, hence');
    expect(await warned(step)).toEqual([]);
  });

  it('is not named outside training, without a tape, or where it is used, be it after the step began', async () => {
    const layer = mark();
    expect(await warned(() => taped(() => noteSite(layer, x, false)))).toEqual([]);
    expect(await warned(() => noteSite(layer, x, true))).toEqual([]);
    const used = () =>
      taped(() => {
        noteSite(layer, x, true);
        markUsed([layer]);
      });
    expect(await warned(used)).toEqual([]);
    expect(await warned(() => taped(() => noteSite(layer, x, true)))).toEqual([]);
    // Whether or not, what it marks is known.
    taped(() => {
      noteSite(layer, x, false);
      expect(notedAt(layer)).toEqual([x]);
    });
  });
});
