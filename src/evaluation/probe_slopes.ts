import {keep, tensor} from '@tensorflow/tfjs-core';
import {inputGradient} from '../attacks/input_gradient.js';
import {readLogits} from '../attacks/logits.js';
import {Search} from '../attacks/search.js';
import {RandomStream, stepSeed} from '../random.js';
import {firstExamples, onExamples, type Subject} from './subject.js';

const EXAMPLES = 50;
const DIRECTIONS = 8;
/** How far points are moved at random before they are looked at, off what kinks they may lie on; a share of the bounds. */
const JITTER = 0.02;
/** Length of a step along each coordinate, as a share of the bounds. */
const STEP = 0.001;
/** Below this cosine between slopes and steps a gradient says another thing. */
const LEAST_COSINE = 0.5;
/** What rounding may make of a difference of logits, as a share of the largest. */
const ROUNDING = 8 * 2 ** -23;

/**
 * The share of examples whose gradient is not the slope of the function: what it foretells of the margin along random
 * signs is compared with steps of a thousandth of the bounds, there and back. An example that is flat by both is fine.
 */
export function measureFalseGradients(subject: Subject): Promise<number> {
  return onExamples(subject, firstExamples(subject, EXAMPLES), async part => {
    const base = await pointsNear(part);
    const {slopes, logits} = await slopesAt(part, base);
    const rivals = part.labels.map((label, i) => strongestRival(rowOf(logits, i, part.classes), label));
    const steps: Array<{found: number[]; foretold: number[]}> = [];
    for (let k = 0; k < DIRECTIONS; k++) {
      part.signal?.throwIfAborted();
      const [plus, minus] = stepsFrom(part, base, k);
      const [there, back] = [await marginsAt(part, rivals, plus), await marginsAt(part, rivals, minus)];
      const foretold = there.map((_, i) => along(slopes, plus, minus, i, there.length));
      steps.push({found: there.map((margin, i) => margin - back[i]), foretold});
    }
    const isFalse = rivals.filter((_, i) => {
      const leeway = ROUNDING * Math.max(...rowOf(logits, i, part.classes).map(Math.abs));
      const compared = steps.map(({found, foretold}) => [found[i], foretold[i]]);
      return disagree(compared, leeway);
    });
    return isFalse.length / rivals.length;
  });
}

/** Whether steps went elsewhere than foretold; what is not finite is left to other checks. */
function disagree(compared: number[][], leeway: number): boolean {
  if (!compared.flat().every(Number.isFinite)) return false;
  const [found, foretold] = [0, 1].map(side => compared.map(pair => pair[side]));
  const isFlat = (values: number[]) => values.every(value => Math.abs(value) <= leeway);
  if (isFlat(found) || isFlat(foretold)) return isFlat(found) !== isFlat(foretold);
  const product = (a: number[], b: number[]) => a.reduce((total, value, k) => total + value * b[k], 0);
  const lengths = Math.sqrt(product(found, found) * product(foretold, foretold));
  return product(found, foretold) < LEAST_COSINE * lengths;
}

/** The examples' inputs moved a little, so far inside the bounds that steps stay there. */
async function pointsNear({x, bounds: [low, high], seed}: Subject): Promise<Float32Array> {
  const across = high - low;
  const random = new RandomStream(stepSeed(seed, DIRECTIONS));
  return Float32Array.from(await x.data(), value => {
    const moved = value + JITTER * across * (2 * random.next() - 1);
    return Math.min(Math.max(moved, low + 2 * STEP * across), high - 2 * STEP * across);
  });
}

/** Steps along signs drawn for the k-th direction, there and back. */
function stepsFrom({bounds: [low, high], seed}: Subject, base: Float32Array, k: number): Float32Array[] {
  const random = new RandomStream(stepSeed(seed, k));
  const signs = Int8Array.from(base, () => (random.next() < 0.5 ? -1 : 1));
  const length = STEP * (high - low);
  return [1, -1].map(way => base.map((value, j) => value + way * signs[j] * length));
}

/** The gradient of each example's margin, as numbers, and its logits. */
async function slopesAt(subject: Subject, points: Float32Array) {
  const {x, labels, caller, classifier, classes, norm, bounds} = subject;
  const at = keep(tensor(points, x.shape));
  const rest = {targeted: false, epsilon: Infinity, noteGradient() {}, async step() {}};
  const search = new Search({caller, classifier, classes, norm, bounds, ...rest}, at, labels, [
    ...labels.keys(),
  ]);
  try {
    const {gradient, logits} = await inputGradient(search, at, 'logitMargin');
    try {
      return {slopes: (await gradient.data()) as Float32Array, logits};
    } finally {
      gradient.dispose();
    }
  } finally {
    at.dispose();
  }
}

/** The margin of each example against its rival, label's logit less rival's, with the sign that attacks climb. */
async function marginsAt(
  {caller, classifier, classes, labels, x}: Subject,
  rivals: Int32Array,
  points: Float32Array,
): Promise<number[]> {
  const at = tensor(points, x.shape);
  try {
    const {logits} = await readLogits(caller, classifier, at);
    return Array.from(rivals, (rival, i) => logits[i * classes + rival] - logits[i * classes + labels[i]]);
  } finally {
    at.dispose();
  }
}

/** What the slopes foretell of the way between two points of an example. */
function along(slopes: Float32Array, to: Float32Array, from: Float32Array, i: number, count: number): number {
  const size = slopes.length / count;
  let total = 0;
  for (let j = i * size; j < (i + 1) * size; j++) total += slopes[j] * (to[j] - from[j]);
  return total;
}

function strongestRival(logits: Float32Array, label: number): number {
  const others = [...logits.keys()].filter(k => k !== label);
  return others.reduce((best, k) => (logits[k] > logits[best] ? k : best));
}

function rowOf(values: Float32Array, i: number, width: number): Float32Array {
  return values.subarray(i * width, (i + 1) * width);
}
