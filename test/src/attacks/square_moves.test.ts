import {describe, expect, it} from 'vitest';
import {distanceBetween} from '../../../src/attacks/exact_clip.js';
import {l2Moves} from '../../../src/attacks/square_l2.js';
import {linfMoves} from '../../../src/attacks/square_linf.js';
import {drawSign, drawSigns} from '../../../src/attacks/square_moves.js';
import {RandomStream} from '../../../src/random.js';

/** Values between 0 and 1, the ends among them. */
export function pixels(count: number, seed = 1): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({length: count}, () => Math.min(Math.max(1.4 * random.next() - 0.2, 0), 1));
}

describe('drawSigns', () => {
  it('draws 1 and -1, as often', () => {
    const signs = drawSigns(1000, new RandomStream(1));
    const total = signs.reduce((sum, sign) => sum + sign, 0);
    expect(new Set(signs)).toEqual(new Set([1, -1]));
    // The standard deviation is the root of 1000, 32.
    expect(Math.abs(total)).toBeLessThan(130);
    expect(Math.abs(drawSign(new RandomStream(2)))).toBe(1);
  });
});

const norms = {linf: linfMoves, l2: l2Moves};
const pictures = [
  {height: 9, width: 9, channels: 3},
  {height: 3, width: 11, channels: 1},
  {height: 1, width: 6, channels: 1},
  {height: 1, width: 1, channels: 2},
];

describe.each(['linf', 'l2'] as const)('the moves in %s', norm => {
  it.each(pictures)('stay in the ball and the bounds on %j', picture => {
    const count = picture.height * picture.width * picture.channels;
    const [x, random] = [pixels(count), new RandomStream(3)];
    for (const epsilon of [1e-3, 0.3, 5]) {
      const moves = norms[norm](picture, epsilon, [0, 1]);
      const at = Float32Array.from(x);
      moves.start(at, x, random);
      for (const share of [0.8, 0.4, 0.2, 0.05, 0.001, 0.001, 0.001]) {
        expect(distanceBetween(at, x, norm)).toBeLessThanOrEqual(epsilon * (1 + 1e-6) + 1e-7);
        expect(at.every(value => value >= 0 && value <= 1)).toBe(true);
        moves.change(at, x, share, random);
      }
    }
  });

  it('are those of their random numbers', () => {
    const [picture] = pictures;
    const x = pixels(243);
    const walk = (seed: number) => {
      const [at, random] = [Float32Array.from(x), new RandomStream(seed)];
      const moves = norms[norm](picture, 0.1, [0, 1]);
      moves.start(at, x, random);
      moves.change(at, x, 0.2, random);
      return at;
    };
    expect(walk(1)).toEqual(walk(1));
    expect(walk(2)).not.toEqual(walk(1));
  });
});
