import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, presets, type LargeMarginModelOptions} from '../../plugin/index.js';
import {expectClose} from '../support/expect_close.js';
import {randomTensor} from '../support/randoms.js';
import {denseNet, labelsOf} from '../support/tiny_models.js';

const page = readFileSync(new URL('../../docs/rivals.md', import.meta.url), 'utf8');
const CLASSES = 10;
const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 3, 4, 9], CLASSES);
const net = () => denseNet({classes: CLASSES});

describe('the page on rivals', () => {
  it('has an example that runs, and whose models train', async () => {
    const [example] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(match => match[1]);
    const names = ['fewWrongLabels', 'manyWrongLabels', 'everyRival'];
    const run = new Function(
      'LargeMarginModel',
      'presets',
      'base',
      `${example}; return {model, options: [${names}]};`,
    );
    const made = run(LargeMarginModel, presets, net());
    expect(made.model).toBeInstanceOf(LargeMarginModel);
    for (const options of made.options as LargeMarginModelOptions[]) {
      const model = new LargeMarginModel(net(), options);
      model.compile({optimizer: 'sgd'});
      const [loss] = (await model.trainOnBatch(x, y)) as number[];
      expect(loss).toBeGreaterThan(0);
    }
  });

  it('is right in that random rivals are in expectation the sum over all, divided by their number', () => {
    const options = {gamma: 3, clip: null, gradient: 'firstOrder', layers: 'input'} as const;
    const margin = (more: Partial<LargeMarginModelOptions>) => {
      const model = new LargeMarginModel(net(), {...options, ...more});
      return () => tf.tidy(() => model.computeLoss(x, y).margin.dataSync()[0]);
    };
    const sum = margin({topK: CLASSES - 1, aggregate: 'sum'})() / (CLASSES - 1);
    const draw = margin({rivals: 'random', seed: 5});
    const draws = Array.from({length: 400}, draw);
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((total, d) => total + (d - mean) ** 2, 0) / (draws.length - 1);
    // Four standard errors of the mean; they are small beside what the strongest rival alone would give.
    const bound = 4 * Math.sqrt(variance / draws.length);
    expect(Math.abs(mean - sum)).toBeLessThan(bound);
    expect(Math.abs(margin({})() - sum)).toBeGreaterThan(4 * bound);
  });

  it('is right in that evaluate and distances look at the top rivals', () => {
    const [random, top] = (['random', 'top'] as const).map(rivals => {
      const model = new LargeMarginModel(net(), {gamma: 3, rivals, layers: 'input'});
      model.compile({optimizer: 'sgd'});
      return [
        ...(model.evaluate(x, y) as tf.Scalar[]).map(t => t.dataSync()[0]),
        ...model.distances(x, y).input.dataSync(),
      ];
    });
    expectClose(random, top, 1e-6);
  });

  // The claim of the page for a net that gives every class the same scores but a lead m of the right one: by how much
  // the loss changes with m.
  it.each([
    ['top', {}, 0.5],
    ['max', {topK: CLASSES - 1}, 0.5],
    ['sum', {topK: CLASSES - 1, aggregate: 'sum'}, 1 / CLASSES],
  ] as const)('is right about where a lead pays: %s', (_, more, threshold) => {
    const slope = (q: number) => (lossOfLead(0.02, q, more) - lossOfLead(0.01, q, more)) / 0.01;
    expect(slope(threshold + 0.02)).toBeLessThan(0);
    expect(slope(threshold - 0.02)).toBeGreaterThan(0);
  });
});

/** The mean loss where the right class, 0, leads all others by m and a share q of the labels is right. */
function lossOfLead(m: number, q: number, more: Partial<LargeMarginModelOptions>): number {
  const base = denseNet({units: [], inputs: CLASSES, classes: CLASSES, softmax: false});
  const eye = tf.eye(CLASSES);
  base.setWeights([eye, tf.zeros([CLASSES])]);
  // The first example is right; the others have each of the wrong labels.
  const scores = tf.tensor2d(Array.from({length: CLASSES}, () => [m, ...new Array(CLASSES - 1).fill(0)]));
  const labels = labelsOf(
    Array.from({length: CLASSES}, (_, label) => label),
    CLASSES,
  );
  const model = new LargeMarginModel(base, {gamma: 3, layers: 'input', norm: 'linf', ...more});
  const margins = Array.from({length: CLASSES}, (_, i) =>
    tf.tidy(
      () =>
        model
          .computeLoss(tf.slice(scores, i, 1), tf.slice(labels, i, 1), {training: false})
          .margin.dataSync()[0],
    ),
  );
  const wrong = margins.slice(1).reduce((a, b) => a + b) / (CLASSES - 1);
  tf.dispose([eye, scores, labels]);
  return q * margins[0] + (1 - q) * wrong;
}
