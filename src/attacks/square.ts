import {tensor, type Tensor} from '@tensorflow/tfjs-core';
import {check, isFiniteNumber} from '../checks.js';
import type {RandomStream} from '../random.js';
import {ask} from './ask.js';
import {checkCount, checkSeed} from './attack_options.js';
import type {CommonAttackOptions} from './attack_types.js';
import {defineAttack} from './define_attack.js';
import type {Search} from './search.js';
import {l2Moves} from './square_l2.js';
import {linfMoves} from './square_linf.js';
import type {Moves} from './square_moves.js';
import {shareAt} from './square_schedule.js';
import {scoreOf, type SquareLoss} from './square_score.js';
import {pictureOf} from './square_windows.js';
import {worstCase} from './variants.js';

/** Options of `square`. */
export interface SquareOptions extends CommonAttackOptions {
  /** Number of inputs that the net is asked about, for each example and restart, the start included. Default 5000. */
  queries?: number;
  /** The share of the picture that the first squares cover, in (0, 1]. Default 0.8. */
  pInit?: number;
  /** Number of searches for each example. Default 1. */
  restarts?: number;
  /** What a square must make larger in order to stay. Default 'logitMargin'. */
  loss?: SquareLoss;
  /** Seed of the squares, an integer. An example's squares depend on it and on its place only. Default 0. */
  seed?: number;
}

export type ResolvedSquare = Required<Omit<SquareOptions, keyof CommonAttackOptions>>;

/**
 * Attacks by random search, the Square attack (Andriushchenko, Croce, Flammarion and Hein 2020): it needs logits and no
 * gradient, so that a net whose gradients are masked stands no better than others.
 *
 * A query changes a random square of the input, to +-epsilon in linf, and the change stays where it makes the loss
 * larger. The squares become smaller as the search goes on, as in the reference code with its limits scaled to the number
 * of queries. Examples are done with as soon as their class is wrong.
 *
 * An example is a picture [height, width, channels], a picture [height, width] of one channel, or a strip [values], in
 * which a square is a run.
 *
 * @param classifier From x to logits; see `toClassifier`.
 * @param x [examples, ...], float32, inside the bounds, of at most four dimensions.
 * @param labels True classes (targets, where targeted): one-hot [examples, classes] or indices [examples].
 * @param options `epsilon` or `epsilons`, in units of x, and SquareOptions; norm 'linf' or 'l2'.
 * @returns One result, or one for each of the epsilons; the caller disposes of `adversarial`.
 * @throws ArgumentError for bad arguments and for a classifier that returns probabilities.
 * @example
 * const {success} = await square(toClassifier(model), x, labels, {epsilon: 0.1, queries: 1000});
 */
export const square = defineAttack<SquareOptions, ResolvedSquare>({
  name: 'square',
  norms: ['linf', 'l2'],
  options: ['queries', 'pInit', 'restarts', 'loss', 'seed'],
  attacks: 'standing',
  usesGradients: false,
  resolve: resolveSquare,
  run: runSquare,
});

/** Checks queries, pInit, restarts, loss and seed. */
export function resolveSquare(
  caller: string,
  {queries = 5000, pInit = 0.8, restarts = 1, loss = 'logitMargin', seed = 0}: SquareOptions,
): ResolvedSquare {
  checkCount(caller, 'queries', queries);
  const isShare = isFiniteNumber(pInit) && pInit > 0 && pInit <= 1;
  check(isShare, caller, 'pInit', 'to be a number in (0, 1]', pInit);
  checkCount(caller, 'restarts', restarts);
  const isKnown = loss === 'logitMargin' || loss === 'crossEntropy';
  check(isKnown, caller, 'loss', "to be 'logitMargin' or 'crossEntropy'", loss);
  checkSeed(caller, seed);
  return {queries, pInit, restarts, loss, seed};
}

/** One search after the other, each for the examples that still stand. */
export async function runSquare(search: Search, options: ResolvedSquare): Promise<Tensor> {
  const restarts = Array.from({length: options.restarts}, (_, restart) => restart);
  return worstCase(search, restarts, (part, restart) =>
    searchAtRandom(part, options, part.streams(options.seed, restart)),
  );
}

/** @param streams Random numbers of each example. */
async function searchAtRandom(
  search: Search,
  {queries, pInit, loss}: ResolvedSquare,
  streams: RandomStream[],
): Promise<Tensor> {
  const {caller, norm, epsilon, bounds, classes, targeted} = search.task;
  const moves: Moves = (norm === 'l2' ? l2Moves : linfMoves)(
    pictureOf(caller, search.x.shape),
    epsilon,
    bounds,
  );
  const x = (await search.x.data()) as Float32Array;
  const size = x.length / search.size;
  const rowOf = (values: Float32Array, i: number) => values.subarray(i * size, (i + 1) * size);
  const best = Float32Array.from(x);
  const scores = new Float64Array(search.size).fill(-Infinity);
  let places = search.examples.map((_, i) => i);
  let party = search;
  try {
    for (let query = 0; query < queries && epsilon > 0; query++) {
      const tried = new Float32Array(places.length * size);
      places.forEach((place, i) => {
        const [at, from, random] = [rowOf(tried, i), rowOf(x, place), streams[place]];
        if (query === 0) return moves.start(at, from, random);
        at.set(rowOf(best, place));
        moves.change(at, from, shareAt(query - 1, queries, pInit), random);
      });
      const logits = await ask(party, tried);
      const reached = party.reached(logits);
      places.forEach((place, i) => {
        const row = logits.subarray(i * classes, (i + 1) * classes);
        const score = scoreOf(loss, row, search.labels[place], targeted);
        // The start is where to go on from, whatever the net says of it; NaN is larger than nothing.
        if (query === 0 || reached[i] || score > scores[place]) rowOf(best, place).set(rowOf(tried, i));
        if (score > scores[place]) scores[place] = score;
      });
      if (reached.includes(true)) {
        places = places.filter((_, i) => !reached[i]);
        if (party !== search) party.dispose();
        party = search.among(places);
      }
      await search.task.step(places.length);
      if (places.length === 0) break;
    }
    return tensor(best, search.x.shape);
  } finally {
    if (party !== search) party.dispose();
  }
}
