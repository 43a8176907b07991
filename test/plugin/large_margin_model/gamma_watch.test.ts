import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([8, 4], 7);
const y = labelsOf([0, 1, 2, 0, 1, 2, 0, 1]);

/** Trains for 240 steps and returns what was warned of. */
async function warnings(gamma: number): Promise<string[]> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const model = new LargeMarginModel(denseNet(), {gamma, layers: ['input', 'hidden1']});
  model.compile({optimizer: tf.train.sgd(0.01)});
  await model.fit(x, y, {epochs: 60, batchSize: 2, verbose: 0});
  await expectNoLeakAsync(() => model.fit(x, y, {epochs: 60, batchSize: 2, verbose: 0}).then(() => {}));
  return warn.mock.calls.map(([text]) => String(text));
}

describe('fit', () => {
  afterEach(() => vi.restoreAllMocks());

  it('warns once of a gamma that no distance reaches, and names the way out', async () => {
    const texts = await warnings(1000);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(/LargeMarginModel: no distance.*hidden1 \(gamma 1000.*suggestGamma/);
  });

  it('is silent where some distances reach it', async () => {
    expect(await warnings(0.05)).toEqual([]);
  });
});
