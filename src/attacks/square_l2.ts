import type {RandomStream} from '../random.js';
import {drawSign, drawSigns, type MovesIn} from './square_moves.js';
import {drawWindow, placesOf, windowSize, type Picture, type Window} from './square_windows.js';

/** Along each side of the picture the first perturbation has so many tiles. */
const TILES = 5;

/**
 * Random search on the l2 sphere (Andriushchenko et al. 2020, algorithm 3): it begins with tiles of two bumps of opposite
 * sign each; a move takes the perturbation out of one window and adds such bumps to another, with the length that this
 * sets free and, shared out among the channels, what the clipping to the bounds has left unused.
 */
export const l2Moves: MovesIn = (picture, epsilon, [low, high]) => {
  const {channels} = picture;
  const bumpsOf = stored(bumps);
  const delta = new Float64Array(picture.height * picture.width * channels);

  const write = (at: Float32Array, x: Float32Array) => {
    const length = Math.sqrt(squares(delta));
    const factor = length === 0 ? 0 : epsilon / length;
    for (let i = 0; i < x.length; i++) at[i] = Math.min(Math.max(x[i] + factor * delta[i], low), high);
  };

  return {
    start(at, x, random) {
      delta.fill(0);
      for (const tile of tilesOf(picture)) {
        const shape = turned(tile, random, bumpsOf);
        const signs = drawSigns(channels, random);
        placesOf(picture, tile).forEach((place, i) => {
          for (let k = 0; k < channels; k++) delta[place + k] = signs[k] * shape[i];
        });
      }
      write(at, x);
    },
    change(at, x, share, random) {
      for (let i = 0; i < x.length; i++) delta[i] = at[i] - x[i];
      const size = windowSize(picture, share, {least: 3, isOdd: true});
      const window = drawWindow(picture, size, random);
      const places = placesOf(picture, window);
      const emptied = placesOf(picture, drawWindow(picture, size, random));
      const unused = Math.max(epsilon ** 2 - squares(delta), 0) / channels;
      const shape = turned(window, random, bumpsOf);
      const values = new Float64Array(places.length);
      for (let k = 0; k < channels; k++) {
        const before = takeOut(delta, places, k, values);
        const budget = unused + before + takeOut(delta, emptied, k);
        const sign = drawSign(random);
        const scale = before === 0 ? 0 : 1 / Math.sqrt(before);
        for (let i = 0; i < values.length; i++) values[i] = scale * values[i] + sign * shape[i];
        const length = Math.sqrt(squares(values));
        const factor = length === 0 ? 0 : Math.sqrt(budget) / length;
        for (let i = 0; i < values.length; i++) delta[places[i] + k] = factor * values[i];
      }
      write(at, x);
    },
  };
};

/** Puts 0 at these places of a channel, after copying what was there; returns the sum of its squares. */
function takeOut(delta: Float64Array, places: Int32Array, channel: number, copy?: Float64Array): number {
  let total = 0;
  for (let i = 0; i < places.length; i++) {
    const value = delta[places[i] + channel];
    if (copy) copy[i] = value;
    delta[places[i] + channel] = 0;
    total += value * value;
  }
  return total;
}

/**
 * Two bumps of opposite sign that fill the halves of a window, upper and lower, of length 1 (equation 2); row by row.
 */
export function bumps(rows: number, columns: number): Float64Array {
  const upper = Math.floor(rows / 2);
  const parts = [bump(upper, columns, 1), bump(rows - upper, columns, -1)];
  const whole = Float64Array.from(parts.flatMap(part => Array.from(part)));
  const length = Math.sqrt(squares(whole));
  return whole.map(value => value / length);
}

/** A bump of length 1: rectangles around the middle, each one pixel wider and weaker than the last. */
function bump(rows: number, columns: number, sign: number): Float64Array {
  const [middle, centre] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const widest = Math.max(middle, centre);
  // Rectangle m adds 1 / (m + 1)^2 to all pixels up to m away from the middle.
  const heights = new Float64Array(widest + 2);
  for (let m = widest; m >= 0; m--) heights[m] = heights[m + 1] + 1 / (m + 1) ** 2;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      values[i * columns + j] = heights[Math.max(Math.abs(i - middle), Math.abs(j - centre))];
  const length = Math.sqrt(squares(values));
  return values.map(value => (sign * value) / length);
}

/** Bumps for a window, one above the other or side by side: at random, in a run along it. */
function turned({rows, columns}: Window, random: RandomStream, bumpsOf: typeof bumps): Float64Array {
  const isTurned = random.next() < 0.5;
  const isUpright = rows === columns ? !isTurned : rows > columns;
  if (isUpright) return bumpsOf(rows, columns);
  const shape = bumpsOf(columns, rows);
  return shape.map((_, i) => shape[(i % columns) * rows + Math.floor(i / columns)]);
}

/** The tiles of the first perturbation, in the middle of the picture. */
function tilesOf({height, width}: Picture): Window[] {
  const [rows, columns] = [height, width].map(side => Math.max(1, Math.floor(side / TILES)));
  const along = (side: number, length: number) => {
    const count = Math.floor(side / length);
    const first = Math.floor((side - count * length) / 2);
    return Array.from({length: count}, (_, i) => first + i * length);
  };
  return along(height, rows).flatMap(top => along(width, columns).map(left => ({top, left, rows, columns})));
}

function squares(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] * values[i];
  return total;
}

/** The same function, which remembers its results. */
function stored(f: typeof bumps): typeof bumps {
  const results = new Map<string, Float64Array>();
  return (rows, columns) => {
    const key = `${rows} x ${columns}`;
    let result = results.get(key);
    if (!result) results.set(key, (result = f(rows, columns)));
    return result;
  };
}
