import {describe, expect, it} from 'vitest';
import {drawWindow, pictureOf, placesOf, windowSize} from '../../../src/attacks/square_windows.js';
import {RandomStream} from '../../../src/random.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

const linf = {least: 1, isOdd: false};
const l2 = {least: 3, isOdd: true};

describe('pictureOf', () => {
  it.each([
    [[5, 28, 32, 3], {height: 28, width: 32, channels: 3}],
    [[5, 28, 32], {height: 28, width: 32, channels: 1}],
    [[5, 7], {height: 1, width: 7, channels: 1}],
  ])('takes %j for a picture', (shape, picture) => {
    expect(pictureOf('square', shape)).toEqual(picture);
  });

  it('refuses more dimensions than a picture has', async () => {
    await expectRefusal(() => pictureOf('square', [5, 2, 3, 4, 5]), 'x', /\[5, 2, 3, 4, 5\]/, /reshape/);
  });
});

describe('windowSize', () => {
  const picture = (height: number, width: number) => ({height, width, channels: 1});
  // Square roots: 627.2 -> 25.04, 313.6 -> 17.7, 1.225 -> 1.1; 51.2 -> 7.2; 102.4 -> 10.1 (even: one more).
  it.each([
    [28, 28, 0.8, linf, 25, 25],
    [28, 28, 0.4, linf, 18, 18],
    [28, 28, 0.4, l2, 19, 19],
    [28, 28, 0.8 / 512, linf, 1, 1],
    [28, 28, 0.8 / 512, l2, 3, 3],
    [32, 32, 0.05, linf, 7, 7],
    [32, 32, 0.1, l2, 11, 11],
  ])('gives %i x %i at %d with %j a square of %i x %i', (height, width, share, rule, rows, columns) => {
    expect(windowSize(picture(height, width), share, rule)).toEqual({rows, columns});
  });

  // 0.8 x 10 x 100 = 800 = 10 x 80; 0.8 x 20 = 16; 0.1 x 4 is no pixel; a picture of 2 x 2 has no room for 3 x 3.
  it.each([
    [10, 100, 0.8, linf, 10, 80],
    [100, 10, 0.8, linf, 80, 10],
    [1, 20, 0.8, linf, 1, 16],
    [1, 4, 0.1, linf, 1, 1],
    [1, 20, 0.05, l2, 1, 3],
    [2, 2, 0.1, l2, 2, 2],
  ])('fits %i x %i at %d with %j: %i x %i', (height, width, share, rule, rows, columns) => {
    expect(windowSize(picture(height, width), share, rule)).toEqual({rows, columns});
  });
});

describe('drawWindow', () => {
  it('comes to every place, and to none outside', () => {
    const random = new RandomStream(1);
    const picture = {height: 4, width: 5, channels: 1};
    const drawn = Array.from({length: 200}, () => drawWindow(picture, {rows: 2, columns: 3}, random));
    const corners = new Set(drawn.map(({top, left}) => `${top} ${left}`));
    // Tops 0, 1, 2 and lefts 0, 1, 2.
    expect([...corners].sort()).toEqual(['0 0', '0 1', '0 2', '1 0', '1 1', '1 2', '2 0', '2 1', '2 2']);
  });
});

describe('placesOf', () => {
  it('finds the pixels in the row of numbers', () => {
    // Pixel (i, j) of a picture 4 wide with 3 channels begins at (4 i + j) x 3.
    const places = placesOf({height: 3, width: 4, channels: 3}, {top: 1, left: 2, rows: 2, columns: 2});
    expect([...places]).toEqual([18, 21, 30, 33]);
  });
});
