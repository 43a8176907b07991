import {check} from '../checks.js';
import type {RandomStream} from '../random.js';

/** An example as pixels; in its row of numbers the channels of a pixel stand together, and the pixels of a line. */
export interface Picture {
  height: number;
  width: number;
  channels: number;
}

export interface WindowSize {
  rows: number;
  columns: number;
}

/** A part of a picture. */
export interface Window extends WindowSize {
  top: number;
  left: number;
}

/**
 * Takes an example for a picture: [height, width, channels], [height, width] of one channel, or a strip of values, a
 * picture one pixel high in which a square is a run.
 *
 * @param shape [examples, ...].
 */
export function pictureOf(caller: string, shape: number[]): Picture {
  const [, ...rest] = shape;
  const expected =
    'of shape [examples, height, width, channels], [examples, height, width] or [examples, values]';
  check(rest.length <= 3, caller, 'x', expected, shape, 'reshape it, inside the classifier too');
  const [height, width, channels = 1] = rest.length === 1 ? [1, rest[0]] : rest;
  return {height, width, channels};
}

/**
 * How large a square is that covers a share of the picture: one side for both, rounded. Where the picture is too narrow
 * for it, it is as wide as the picture and covers the share all the same.
 *
 * @param least The shortest side, where there is room for it.
 * @param isOdd Whether the side is to be odd: an even one becomes one longer.
 */
export function windowSize(
  {height, width}: Picture,
  share: number,
  {least, isOdd}: {least: number; isOdd: boolean},
): WindowSize {
  const area = share * height * width;
  let side = Math.max(least, Math.round(Math.sqrt(area)));
  if (isOdd && side % 2 === 0) side++;
  if (side <= Math.min(height, width)) return {rows: side, columns: side};
  const short = Math.min(height, width);
  const long = Math.min(Math.max(height, width), Math.max(least, Math.round(area / short)));
  return height < width ? {rows: short, columns: long} : {rows: long, columns: short};
}

/** A window of this size, anywhere in the picture. */
export function drawWindow({height, width}: Picture, size: WindowSize, random: RandomStream): Window {
  const top = Math.floor(random.next() * (height - size.rows + 1));
  const left = Math.floor(random.next() * (width - size.columns + 1));
  return {...size, top, left};
}

/** The places of the window's pixels in the example's row of numbers, each that of its first channel. */
export function placesOf({width, channels}: Picture, {top, left, rows, columns}: Window): Int32Array {
  const places = new Int32Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) places[i * columns + j] = ((top + i) * width + left + j) * channels;
  return places;
}
