import {describe, expect, it} from 'vitest';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {bumps, l2Moves} from '../../../src/attacks/square_l2.js';
import {RandomStream} from '../../../src/random.js';
import {expectClose} from '../../support/expect_close.js';

describe('bumps', () => {
  it('are two halves of opposite sign and equal length', () => {
    // Two single pixels.
    expectClose(bumps(2, 1), [Math.SQRT1_2, -Math.SQRT1_2], 1e-15);
  });

  it('fall off from the middle as 1 + 1/4, 1/4', () => {
    // A half of 2 x 3 has its middle in row 1, column 1: 1 + 1/4 there and 1/4 elsewhere; its length is the root of
    // 1.25^2 + 5/16 = 1.875, and both halves are together of length 1.
    const [low, high] = [0.25, 1.25].map(value => value / Math.sqrt(2 * 1.875));
    const half = [low, low, low, low, high, low];
    expectClose(bumps(4, 3), [...half, ...half.map(value => -value)], 1e-15);
  });

  it('fill a window of odd height with a smaller half above', () => {
    // Above 1 x 3: 1/4, 1 + 1/4, 1/4; below 2 x 3 as in the last test.
    const above = [0.25, 1.25, 0.25].map(value => value / Math.sqrt(2 * (1.25 ** 2 + 2 / 16)));
    const below = [0.25, 0.25, 0.25, 0.25, 1.25, 0.25].map(value => -value / Math.sqrt(2 * 1.875));
    expectClose(bumps(3, 3), [...above, ...below], 1e-15);
  });

  it('are one bump where there is one pixel only', () => {
    expectClose(bumps(1, 1), [-1], 0);
  });
});

const picture = {height: 20, width: 20, channels: 2};
const x = new Float32Array(800).fill(0.5);
const squaresOf = (delta: Float32Array, channel: number) =>
  delta.reduce((total, value, i) => total + (i % 2 === channel ? value * value : 0), 0);

describe('l2Moves', () => {
  it('begins with 5 x 5 tiles, which use up the whole radius', () => {
    const at = new Float32Array(800);
    l2Moves(picture, 0.5, [0, 1]).start(at, x, new RandomStream(1));
    expect(Math.abs(distanceBetween(at, x, 'l2') - 0.5)).toBeLessThan(1e-6);
    // Each tile of 4 x 4 pixels has the same length in each channel: 0.5 / root(50).
    for (const [top, left, channel] of [
      [0, 0, 0],
      [4, 12, 1],
      [16, 16, 0],
    ]) {
      let total = 0;
      for (let i = top; i < top + 4; i++)
        for (let j = left; j < left + 4; j++) total += (at[(20 * i + j) * 2 + channel] - 0.5) ** 2;
      expect(Math.abs(Math.sqrt(total) - 0.5 / Math.sqrt(50))).toBeLessThan(1e-7);
    }
  });

  it('puts the tiles in the middle where they do not fill the picture', () => {
    // 28 = 1 + 5 x 5 + 2.
    const at = new Float32Array(784);
    const grey = new Float32Array(784).fill(0.5);
    l2Moves({height: 28, width: 28, channels: 1}, 0.5, [0, 1]).start(at, grey, new RandomStream(1));
    const touched = [...at.keys()].filter(i => at[i] !== 0.5);
    const lines = touched.map(i => Math.floor(i / 28));
    const columns = touched.map(i => i % 28);
    expect([Math.min(...lines), Math.max(...lines)]).toEqual([1, 25]);
    expect([Math.min(...columns), Math.max(...columns)]).toEqual([1, 25]);
  });

  it('moves length from one window to another and leaves the rest, channel by channel', () => {
    const random = new RandomStream(4);
    const moves = l2Moves(picture, 0.5, [0, 1]);
    const at = new Float32Array(800);
    moves.start(at, x, random);
    const before = at.map((value, i) => value - x[i]);
    // 0.06 x 400 = 24 pixels: side 4.9, hence 5.
    moves.change(at, x, 0.06, random);
    const after = at.map((value, i) => value - x[i]);
    const changed = [...after.keys()].filter(i => Math.abs(after[i] - before[i]) > 1e-6);
    expect(changed.length).toBeGreaterThan(25);
    expect(changed.length).toBeLessThanOrEqual(2 * 2 * 25);
    for (const channel of [0, 1])
      expect(Math.abs(squaresOf(after, channel) - squaresOf(before, channel))).toBeLessThan(1e-6);
    // The emptied window: as many zeros as it has pixels outside the other one.
    expect(after.filter(value => value === 0).length).toBeGreaterThan(0);
  });

  it('gives to the new window what clipping has left unused', () => {
    const dark = new Float32Array(800);
    const random = new RandomStream(5);
    const moves = l2Moves(picture, 0.5, [0, 1]);
    const at = new Float32Array(800);
    moves.start(at, dark, random);
    // Half of the start lies below 0.
    const first = distanceBetween(at, dark, 'l2');
    expect(first).toBeLessThan(0.45);
    const lengths = Array.from({length: 20}, () => {
      const tried = Float32Array.from(at);
      moves.change(tried, dark, 0.06, random);
      return distanceBetween(tried, dark, 'l2');
    });
    expect(Math.max(...lengths)).toBeGreaterThan(first + 0.01);
  });
});
