import type {RandomStream} from '../random.js';
import type {Bounds} from './balls.js';
import type {Picture} from './square_windows.js';

/** How a random search moves in the ball of a norm. All that it writes lies in the ball, up to rounding, and the bounds. */
export interface Moves {
  /** Writes where the search begins into `at`. */
  start(at: Float32Array, x: Float32Array, random: RandomStream): void;
  /** Changes `at` in a random square that covers this share of the picture. */
  change(at: Float32Array, x: Float32Array, share: number, random: RandomStream): void;
}

/** The moves in the ball of radius epsilon. */
export type MovesIn = (picture: Picture, epsilon: number, bounds: Bounds) => Moves;

/** 1 or -1. */
export function drawSign(random: RandomStream): number {
  return random.next() < 0.5 ? -1 : 1;
}

export function drawSigns(count: number, random: RandomStream): number[] {
  return Array.from({length: count}, () => drawSign(random));
}
