import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type Sequential} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {dot} from '../support/finite_differences.js';
import {expectNoLeak} from '../support/expect_no_leak.js';
import {labelsOf, seeded} from '../support/tiny_models.js';

// A linear net that is trained with exact margins ends where a support vector machine ends: at the largest margin
// that any hyperplane keeps (numbers of scikit-learn and scipy, see test/reference/README.md).

type NormName = 'l1' | 'l2' | 'linf';
interface Hyperplane {
  normal: number[];
  offset: number;
}
interface Cloud {
  name: string;
  x: number[][];
  labels: number[];
  best: Record<NormName, Hyperplane & {margin: number}>;
}
interface Outcome {
  /** The margin kept over the largest possible. */
  ratio: number;
  /** Between the normals, in degrees. */
  angle: number;
}

const file = new URL('../reference/linear_svm.json', import.meta.url);
const clouds = JSON.parse(readFileSync(file, 'utf8')) as Cloud[];
const cloudOf = (name: string) => clouds.find(cloud => cloud.name === name)!;

const lines: string[] = [];
afterAll(() => console.log(`linear nets, margin kept / largest margin:\n${lines.join('\n')}`));

function note(what: string, {ratio, angle}: Outcome): void {
  lines.push(`  ${what.padEnd(24)} ${ratio.toFixed(5)}, ${angle.toFixed(3)} degrees between the normals`);
}

describe('the stored hyperplanes', () => {
  it.each(clouds.map(({name}) => name))('keep the stored margins in %s', name => {
    const cloud = cloudOf(name);
    for (const norm of ['l1', 'l2', 'linf'] as const) {
      const {normal, offset, margin} = cloud.best[norm];
      expect(Math.abs(marginOf(cloud, {normal, offset}, norm) / margin - 1)).toBeLessThan(1e-9);
    }
  });
});

describe('a linear net reaches the largest margin', () => {
  it.each([
    ['plane', 'l2'],
    ['five', 'l2'],
    ['twenty', 'l2'],
    ['five', 'l1'],
    ['five', 'linf'],
  ] as const)('of the cloud %s, %s', (name, norm) => {
    const {start, end} = train(cloudOf(name), norm, 'exact');
    note(`${name} ${norm}, cross-entropy`, start);
    note(`${name} ${norm}, exact`, end);
    expect(end.ratio).toBeGreaterThanOrEqual(0.999);
    // Nothing keeps more than the largest margin but by rounding: else the stored number would be wrong.
    expect(end.ratio).toBeLessThanOrEqual(1 + 1e-6);
    expect(end.angle).toBeLessThanOrEqual(3);
    // Cross-entropy alone, where the training starts, is not there yet.
    expect(start.ratio).toBeLessThan(0.99);
  });

  it('in exact mode: after as many first-order steps, which leave the norm alone, it is far from it', () => {
    // What is trained here is what the warning of masked gradients is about.
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const {end} = train(cloudOf('twenty'), 'l2', 'firstOrder');
    note('twenty l2, firstOrder', end);
    expect(end.ratio).toBeGreaterThan(0.8);
    expect(end.ratio).toBeLessThan(0.99);
  });
});

const STAGES = 50;
const STEPS = 20;
const RATE = 0.1;

/**
 * Trains with cross-entropy until the points are apart, then widens the margin: gamma is always a little above the
 * margin that the net keeps by then, so that the nearest points alone push, and the little shrinks with the step.
 */
function train(cloud: Cloud, norm: NormName, gradient: 'exact' | 'firstOrder') {
  const net = seeded(
    sequential({layers: [layers.dense({units: 2, inputShape: [cloud.x[0].length], name: 'scores'})]}),
  );
  const x = tf.tensor2d(cloud.x);
  const y = labelsOf(cloud.labels, 2);
  const optimizer = new SteeredAdam(RATE);
  const run = (
    options: {gamma: number; marginWeight?: number; crossEntropyWeight?: number},
    steps: number,
  ) => {
    const model = new LargeMarginModel(net, {...options, norm, gradient, layers: 'input', clip: null});
    for (let step = 0; step < steps; step++) optimizer.minimize(() => model.computeLoss(x, y).loss);
  };
  run({gamma: 1, marginWeight: 0}, 100);
  const start = judge(cloud, net, norm);
  expectNoLeak(() => {
    for (let stage = 0; stage < STAGES; stage++) {
      const progress = stage / (STAGES - 1);
      optimizer.setRate(RATE * 0.002 ** progress);
      const kept = marginOf(cloud, hyperplaneOf(net), norm);
      const gamma = Math.max(kept, 0.01) * (1 + 0.1 * 0.003 ** progress);
      run({gamma, crossEntropyWeight: 0}, STEPS);
    }
  });
  const end = judge(cloud, net, norm);
  tf.dispose([x, y]);
  optimizer.dispose();
  return {start, end};
}

/** tfjs reads the rate at each step, but does not let it be set. */
class SteeredAdam extends tf.AdamOptimizer {
  constructor(rate: number) {
    super(rate, 0.9, 0.999);
  }

  setRate(rate: number): void {
    this.learningRate = rate;
  }
}

function judge(cloud: Cloud, net: Sequential, norm: NormName): Outcome {
  const {normal, offset} = hyperplaneOf(net);
  const best = cloud.best[norm];
  const cosine = dot(normal, best.normal) / Math.hypot(...normal) / Math.hypot(...best.normal);
  return {
    ratio: marginOf(cloud, {normal, offset}, norm) / best.margin,
    angle: (Math.acos(Math.min(1, cosine)) * 180) / Math.PI,
  };
}

/** Where the two logits are equal. */
function hyperplaneOf(net: Sequential): Hyperplane {
  const [kernel, bias] = net.getWeights().map(t => t.arraySync()) as [number[][], number[]];
  return {normal: kernel.map(([first, second]) => first - second), offset: bias[0] - bias[1]};
}

/** The signed distance of the point that is nearest to the hyperplane, or farthest on its wrong side, in float64. */
function marginOf({x, labels}: Cloud, {normal, offset}: Hyperplane, norm: NormName): number {
  const gaps = x.map((row, i) => (labels[i] === 0 ? 1 : -1) * (dot(row, normal) + offset));
  const dual = {
    l1: Math.max(...normal.map(Math.abs)),
    l2: Math.hypot(...normal),
    linf: normal.reduce((total, value) => total + Math.abs(value), 0),
  };
  return Math.min(...gaps) / dual[norm];
}
