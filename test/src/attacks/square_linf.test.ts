import {describe, expect, it} from 'vitest';
import {linfMoves} from '../../../src/attacks/square_linf.js';
import {RandomStream} from '../../../src/random.js';

const picture = {height: 6, width: 5, channels: 2};
const x = new Float32Array(60).fill(0.5);

describe('linfMoves', () => {
  it('begins with vertical stripes of +-epsilon, one sign for each column and channel', () => {
    const at = new Float32Array(60);
    linfMoves(picture, 0.25, [0, 1]).start(at, x, new RandomStream(1));
    const line = at.subarray(0, 10);
    expect(new Set(line)).toEqual(new Set([0.25, 0.75]));
    for (let i = 1; i < 6; i++) expect(at.subarray(10 * i, 10 * (i + 1))).toEqual(line);
  });

  it('sets a square to +-epsilon, one sign for each channel, and leaves the rest', () => {
    const random = new RandomStream(2);
    const moves = linfMoves(picture, 0.25, [0, 1]);
    for (let n = 0; n < 30; n++) {
      const at = Float32Array.from(x);
      // 0.3 x 30 pixels = 9 = 3 x 3.
      moves.change(at, x, 0.3, random);
      const pixels = Array.from({length: 30}, (_, i) => [at[2 * i], at[2 * i + 1]]);
      const changed = pixels.map((_, i) => i).filter(i => pixels[i].some(value => value !== 0.5));
      const first = changed[0];
      const wanted = [0, 1, 2, 5, 6, 7, 10, 11, 12].map(step => first + step);
      expect(changed).toEqual(wanted);
      expect(first % 5).toBeLessThanOrEqual(2);
      for (const i of changed) expect(pixels[i]).toEqual(pixels[first]);
      for (const value of pixels[first]) expect([0.25, 0.75]).toContain(value);
    }
  });

  it('changes something each time', () => {
    // One channel at a corner of the ball: half of all signs would leave a pixel as it is.
    const [grey, random] = [{...picture, channels: 1}, new RandomStream(3)];
    const moves = linfMoves(grey, 0.25, [0, 1]);
    const at = new Float32Array(30);
    moves.start(at, x.subarray(0, 30), random);
    for (let n = 0; n < 50; n++) {
      const before = Float32Array.from(at);
      moves.change(at, x.subarray(0, 30), 1 / 30, random);
      expect(at.filter((value, i) => value !== before[i]).length).toBe(1);
    }
  });

  it('clips to the bounds', () => {
    const at = new Float32Array(60);
    linfMoves(picture, 0.75, [0, 1]).start(at, x, new RandomStream(1));
    expect(new Set(at)).toEqual(new Set([0, 1]));
  });
});
