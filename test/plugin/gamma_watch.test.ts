import * as tf from '@tensorflow/tfjs-core';
import {
  Callback,
  layers,
  sequential,
  type CustomCallbackArgs,
  type ModelFitArgs,
  type ModelFitDatasetArgs,
} from '@tensorflow/tfjs-layers';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {GammaWatch} from '../../plugin/gamma_watch.js';
import type {LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {liveTape, schedules} from '../../src/index.js';
import {batches} from '../support/batches.js';
import {errorOf, expectNoLeakAsync} from '../support/expect_no_leak.js';
import {planOf} from '../support/margin_plans.js';
import {denseNet} from '../support/tiny_models.js';

const watchOf = (options: Partial<LargeMarginModelOptions> = {}) =>
  new GammaWatch(planOf(denseNet(), {gamma: 1, ...options}));

/** What the steps of an epoch note: their number, and distances [batch, topK] by layer. */
interface Epoch {
  steps?: number;
  input: number[][];
  hidden1: number[][];
}

const epoch = (input: number, hidden1: number, steps = 200): Epoch => ({
  ...{steps, input: [[input], [-1]], hidden1: [[hidden1], [-1]]},
});

/** A training in the way of tfjs: steps in a tidy, then the callbacks of the epoch. */
async function train(watch: GammaWatch, epochs: Epoch[], atStep: (step: number) => void = () => {}) {
  let step = 0;
  const callbacks: ModelFitArgs['callbacks'] = undefined;
  await watch.during('train', {callbacks} as ModelFitArgs, async args => {
    const configs = [args.callbacks ?? []].flat() as CustomCallbackArgs[];
    for (const {steps = 200, input, hidden1} of epochs) {
      for (let i = 0; i < steps; i++, step++) {
        tf.tidy(() => watch.note({input: tf.tensor2d(input), hidden1: tf.tensor2d(hidden1)}, step));
        atStep(step);
      }
      for (const {onEpochEnd} of configs) await onEpochEnd?.(0);
    }
  });
}

const warnings = () => vi.mocked(console.warn).mock.calls.map(([text]) => String(text));

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

describe('GammaWatch', () => {
  it('names gammas that no distance reaches, in one warning with the largest distance and the way out', async () => {
    const watch = watchOf({
      layers: [
        {name: 'input', gamma: 50},
        {name: 'hidden1', gamma: 9},
      ],
    });
    await expectNoLeakAsync(() => train(watch, [epoch(2.3456, -0.5), epoch(2.2, 8.9999)]));
    expect(warnings()).toHaveLength(1);
    const named = 'input (gamma 50, distances at most 2.35), hidden1 (gamma 9, distances at most -0.5)';
    expect(warnings()[0]).toContain(`train: no distance has reached gamma so far at ${named}`);
    expect(warnings()[0]).toContain('suggestGamma(model, x, y)');
  });

  it('is silent where a single distance reaches gamma, to the last bit of a float32', async () => {
    // 0.1 is larger in float32, 0.7 is smaller.
    expect([Math.fround(0.1) > 0.1, Math.fround(0.7) < 0.7]).toEqual([true, true]);
    const watch = watchOf({
      layers: [
        {name: 'input', gamma: 0.1},
        {name: 'hidden1', gamma: 0.7},
      ],
    });
    await train(watch, [epoch(0.1, 0.7), epoch(0.1, 0.7)]);
    expect(warnings()).toEqual([]);
  });

  it('leaves the first 100 steps out, and judges when an epoch ends after 100 more, also across trainings', async () => {
    const watch = watchOf();
    await train(watch, [epoch(2, 9, 60), epoch(2, 9, 40), epoch(0.5, 2, 99)]);
    expect(warnings()).toEqual([]);
    await train(watch, [epoch(0.6, 0, 1)]);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/at input \(gamma 1, distances at most 0.6\):/);
  });

  it('says it once', async () => {
    const watch = watchOf();
    await train(watch, [epoch(0.5, 2, 200), epoch(0.5, 0.5, 200)]);
    await train(watch, [epoch(0.5, 0.5, 400)]);
    expect(warnings()).toHaveLength(1);
  });

  it('counts every rival, and never a distance that is not finite', async () => {
    const watch = watchOf({topK: 2});
    const input = [
      [NaN, 0.25],
      [Infinity, -Infinity],
    ];
    await train(watch, [
      {
        input,
        hidden1: [
          [NaN, NaN],
          [NaN, Infinity],
        ],
      },
    ]);
    expect(warnings()[0]).toContain(
      'input (gamma 1, distances at most 0.25), hidden1 (gamma 1, distances never finite)',
    );
    vi.mocked(console.warn).mockClear();
    await train(watchOf({topK: 2}), [
      {
        input: [
          [NaN, 0],
          [-3, 1],
        ],
        hidden1: [
          [1, NaN],
          [0, 0],
        ],
      },
    ]);
    expect(warnings()).toEqual([]);
  });

  it('judges a gamma that changes by the smallest it was', async () => {
    const gamma = schedules.piecewiseConstant({boundaries: [150], values: [0.5, 4]});
    await train(watchOf({gamma, layers: ['input']}), [epoch(0.6, 0)]);
    expect(warnings()).toEqual([]);
    await train(watchOf({gamma, layers: ['input']}), [epoch(0.4, 0)]);
    expect(warnings()[0]).toContain('input (gamma 0.5, distances at most 0.4)');
  });

  it('leaves distances of probabilities alone, whose gamma is meant to be out of reach', async () => {
    const watch = watchOf({scores: 'probabilities', gamma: 10000});
    const callbacks = await watch.during('train', {callbacks: []}, async args => args.callbacks);
    expect(callbacks).toEqual([]);
    await train(watch, [epoch(0.5, 0.5), epoch(0.5, 0.5)]);
    expect(warnings()).toEqual([]);
  });

  it('keeps one tensor while it watches, none after, and none outside of a training', async () => {
    const watch = watchOf();
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    const count = () => void counts.push(tf.memory().numTensors - before);
    const note = () => tf.tidy(() => watch.note({input: tf.ones([2, 1]), hidden1: tf.ones([2, 1])}));
    note();
    count();
    await train(watch, [epoch(1, 1), epoch(1, 1)], count);
    note();
    count();
    const [warmUp, watched, after] = [counts.slice(0, 101), counts.slice(101, 201), counts.slice(201)];
    expect([warmUp, watched, after].map(part => [...new Set(part)])).toEqual([[0], [1], [0]]);
  });

  it('lets go of it when training throws, and watches the next training', async () => {
    const watch = watchOf();
    const stop = (step: number) => {
      if (step === 150) throw new Error('stopped');
    };
    const error = await expectNoLeakAsync(() => errorOf(() => train(watch, [epoch(9, 9)], stop)));
    expect(String(error)).toBe('Error: stopped');
    // What the broken epoch had seen does not count, and its steps do not.
    await expectNoLeakAsync(() => train(watch, [epoch(0.4, 2, 199)]));
    expect(warnings()).toEqual([]);
    await expectNoLeakAsync(() => train(watch, [epoch(0.5, 2, 1)]));
    expect(warnings()[0]).toMatch(/input \(gamma 1, distances at most 0.5\):/);
  });

  it('records nothing on the live tape', async () => {
    const watch = watchOf({layers: ['input']});
    await watch.during('train', {}, async () => {
      tf.tidy(() => {
        tf.grad(x => {
          const distances = tf.mul(x, 2) as tf.Tensor2D;
          const length = liveTape().length;
          const before = tf.memory().numTensors;
          for (let step = 0; step < 102; step++) watch.note({input: distances});
          expect(tf.memory().numTensors).toBe(before + 1);
          expect(liveTape().length).toBe(length);
          return tf.sum(distances);
        })(tf.ones([3, 1]));
      });
    });
  });
});

describe('GammaWatch.during with tfjs', () => {
  const x = tf.ones([200, 2]);
  const y = tf.ones([200, 1]);

  /** A model whose steps note its predictions, which are near 0, as distances. */
  function watched(gamma = 5) {
    const watch = watchOf({layers: ['input'], gamma});
    const model = sequential({
      layers: [layers.dense({units: 1, inputShape: [2], kernelInitializer: 'zeros'})],
    });
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
      watch.note({input: outputs as tf.Tensor2D});
      return tf.losses.meanSquaredError(labels, outputs);
    };
    model.compile({optimizer: tf.train.sgd(1e-4), loss});
    const fit = (args: ModelFitArgs = {}) =>
      watch.during('fit', {batchSize: 1, verbose: 0, ...args}, given => model.fit(x, y, given));
    return {watch, model, fit};
  }

  class Counter extends Callback {
    epochs = 0;
    override async onEpochEnd() {
      this.epochs++;
    }
  }

  it('warns at the end of an epoch of fit and of fitDataset, and leaves no tensor', async () => {
    const {fit} = watched();
    await fit();
    // Each step of rate 1e-4 takes 3 x 2 x 1e-4 of the way to 1 (two weights, a bias), and the last note comes after
    // 199 of them: 1 - 0.9994^199 = 0.1126.
    expect(warnings()[0]).toMatch(/^fit: .* input \(gamma 5, distances at most 0\.113\):/);
    const {watch, model} = watched();
    const rows = Array.from({length: 200}, () => ({xs: tf.ones([1, 2]), ys: tf.ones([1, 1])}));
    const dataset = batches(() => rows);
    const fitArgs: ModelFitDatasetArgs<never> = {epochs: 1, verbose: 0};
    await watch.during('fitDataset', fitArgs, args => model.fitDataset(dataset, args));
    expect(warnings()[1]).toMatch(/^fitDataset: /);
    tf.dispose(rows);
    const again = watched();
    // The first training makes the optimizer's and the history's own.
    await again.model.fit(x, y, {verbose: 0});
    await expectNoLeakAsync(() => again.fit({epochs: 3}).then(() => undefined));
    expect(warnings()).toHaveLength(3);
  });

  it("adds to a user's callbacks and configs, gives the same history, and waits for no frame of its own", async () => {
    const counter = new Counter();
    const ends: number[] = [];
    let frames = 0;
    const nextFrameFunc = async () => void frames++;
    const config = {onEpochEnd: (epoch: number) => void ends.push(epoch), nextFrameFunc};
    const given: Array<ModelFitArgs['callbacks']> = [undefined, [counter], config, [config, {}], []];
    const histories = [];
    for (const callbacks of given) histories.push((await watched().fit({epochs: 2, callbacks})).history);
    expect(warnings()).toHaveLength(given.length);
    expect([counter.epochs, ends]).toEqual([2, [0, 1, 0, 1]]);
    const plain = await watched().model.fit(x, y, {batchSize: 1, epochs: 2, verbose: 0});
    for (const history of histories) expect(Object.keys(history)).toEqual(Object.keys(plain.history));
    for (const history of histories) expect(history.loss).toHaveLength(2);
    frames = 0;
    await watched().fit({epochs: 2, callbacks: config, yieldEvery: 'epoch'});
    expect(frames).toBe(2);
  });

  it('leaves no tensor when a step of fit throws', async () => {
    const {watch, model} = watched();
    let steps = 0;
    const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
      watch.note({input: outputs as tf.Tensor2D});
      if (++steps === 150) throw new Error('broken step');
      return tf.losses.meanSquaredError(labels, outputs);
    };
    const run = (onThrow: GammaWatch | undefined) => {
      steps = 0;
      model.compile({optimizer: tf.train.sgd(1e-4), loss});
      const fit = (args: ModelFitArgs) => model.fit(x, y, args);
      const args = {batchSize: 1, verbose: 0 as const};
      return errorOf(() => (onThrow ? onThrow.during('fit', args, fit) : fit(args)));
    };
    // What tfjs itself leaves behind of a step that throws, with nobody watching.
    const left = async (who: GammaWatch | undefined) => {
      const before = tf.memory().numTensors;
      expect(String(await run(who))).toContain('broken step');
      return tf.memory().numTensors - before;
    };
    expect(await left(watch)).toBe(await left(undefined));
  });

  it('leaves a second training at the same time, which tfjs refuses, without a say', async () => {
    const {fit} = watched();
    const first = fit();
    expect(String(await errorOf(() => fit()))).toContain('another fit() call is ongoing');
    await first;
    expect(warnings()).toHaveLength(1);
  });

  it('hands on arguments that tfjs refuses as they are', async () => {
    const {watch} = watched();
    expect(await watch.during('fitDataset', undefined as never, async args => args)).toBeUndefined();
  });
});
