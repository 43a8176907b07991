import {tensor2d, train, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {LargeMarginOptimizer} from '../../plugin/index.js';
import {compareWithModel} from '../support/adapted_nets.js';
import {errorOf, expectNoLeakAsync} from '../support/expect_no_leak.js';
import {randomTensor} from '../support/randoms.js';
import {convNet, denseNet, labelsOf, weightsOf} from '../support/tiny_models.js';

const x = randomTensor([6, 4], 1);
const pictures = randomTensor([6, 6, 6, 2], 3);
const y = labelsOf([0, 1, 2, 2, 1, 0]);

describe('the adapter on the cpu engine', () => {
  const nets: Array<[string, () => ReturnType<typeof denseNet>, Tensor]> = [
    ['dense', denseNet, x],
    ['pictures', convNet, pictures],
  ];
  it.each(nets)('takes the steps of a LargeMarginModel (%s)', async (_, make, x) => {
    for (const gradient of ['exact', 'firstOrder'] as const) {
      const {error, moved} = await compareWithModel(x, y, {make, options: {gamma: 2, gradient}});
      expect(error).toBeLessThanOrEqual(1e-6);
      expect(moved).toBeGreaterThan(1e-3);
    }
  });

  it('clips, gathers, schedules, and leaves no tensor behind', async () => {
    const model = denseNet();
    const learningRate = {name: 'delay', steps: 1, before: 0.1, then: 0.01} as const;
    const options = {gamma: 2, model, globalClipNorm: 0.1, accumulationSteps: 2, learningRate};
    const optimizer = new LargeMarginOptimizer(train.adam(0.5), options);
    model.compile({optimizer, loss: 'categoricalCrossentropy'});
    const fit = async () => void (await model.fit(x, y, {epochs: 2, batchSize: 3, verbose: 0}));
    await fit();
    await expectNoLeakAsync(fit);
    expect([optimizer.iterations, optimizer.learningRate]).toEqual([4, 0.01]);
  });

  it('moves nothing in a step that is not finite', async () => {
    const model = denseNet();
    const optimizer = new LargeMarginOptimizer('adam', {gamma: 2, model});
    model.compile({optimizer, loss: 'categoricalCrossentropy'});
    await model.trainOnBatch(x, y);
    const before = weightsOf(model);
    const bad = tensor2d([[NaN, 0, 0, 0], ...Array.from({length: 5}, () => [1, 2, 3, 4])]);
    expect(String(await errorOf(() => model.trainOnBatch(bad, y)))).toContain('NonFiniteError');
    expect(weightsOf(model)).toEqual(before);
    bad.dispose();
  });
});
