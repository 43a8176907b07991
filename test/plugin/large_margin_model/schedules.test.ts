import * as tf from '@tensorflow/tfjs-core';
import {io} from '@tensorflow/tfjs-core';
import {loadLayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../plugin/large_margin_model.js';
import type {LargeMarginModelOptions} from '../../../plugin/margin_plan.js';
import '../../../plugin/register.js';
import {schedules} from '../../../src/schedules.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 7);
const y = labelsOf([0, 1, 2, 0, 1, 2]);

function compiled(options: LargeMarginModelOptions) {
  const model = new LargeMarginModel(denseNet(), options);
  model.compile({optimizer: tf.train.sgd(0)});
  return model;
}

/** Loss, label loss and margin of a step; the learning rate is 0, so that nothing else changes. */
async function step(model: LargeMarginModel) {
  const [loss, crossEntropy, margin] = (await model.trainOnBatch(x, y)) as number[];
  return {loss, crossEntropy, margin};
}

describe('options that change with the step', () => {
  it('weigh the terms of each training step, counted from 0', async () => {
    const marginWeight = schedules.delay({steps: 2, then: 0.5});
    const crossEntropyWeight = schedules.piecewiseConstant({boundaries: [1], values: [3, 1]});
    const model = compiled({gamma: 2, marginWeight, crossEntropyWeight});
    const steps = [await step(model), await step(model), await step(model)];
    const wanted = steps.map(
      ({crossEntropy, margin}, i) => [3, 1, 1][i] * crossEntropy + [0, 0, 0.5][i] * margin,
    );
    expectClose(
      steps.map(({loss}) => loss),
      wanted,
      1e-6,
    );
    expect(steps[0].margin).toBeGreaterThan(0);
  });

  it('may be the gamma of all layers or of one', async () => {
    const gamma = schedules.piecewiseConstant({boundaries: [1], values: [2, 5]});
    const changing = compiled({gamma: 2, layers: [{name: 'input', gamma}, 'hidden1']});
    const early = compiled({gamma: 2, layers: ['input', 'hidden1']});
    const late = compiled({gamma: 2, layers: [{name: 'input', gamma: 5}, 'hidden1']});
    const [first, second] = [await step(changing), await step(changing)];
    expectClose([first.margin, second.margin], [(await step(early)).margin, (await step(late)).margin], 1e-6);
    const all = compiled({gamma, layers: ['input', 'hidden1']});
    expectClose([(await step(all)).margin], [first.margin], 1e-6);
  });

  it('stand still in evaluate, at the step that comes next', async () => {
    const gamma = schedules.piecewiseConstant({boundaries: [1], values: [2, 5]});
    const model = compiled({gamma});
    const margin = () => {
      const terms = model.evaluate(x, y) as tf.Scalar[];
      return terms.map(term => term.dataSync()[0])[2];
    };
    const before = margin();
    expect(margin()).toBe(before);
    await step(model);
    expect(margin()).toBeGreaterThan(before);
  });

  it('go on after saving and loading where they were', async () => {
    const model = compiled({gamma: 2, marginWeight: schedules.delay({steps: 2, then: 0.5})});
    await step(model);
    let saved: io.ModelArtifacts | undefined;
    const take = async (artifacts: io.ModelArtifacts) => {
      saved = JSON.parse(JSON.stringify({...artifacts, weightData: undefined})) as io.ModelArtifacts;
      saved.weightData = artifacts.weightData;
      return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON' as const}};
    };
    await model.save(io.withSaveHandler(take), {includeOptimizer: true});
    const again = (await loadLayersModel(io.fromMemory(saved!))) as LargeMarginModel;
    expect(again.options).toEqual(model.options);
    expect(again.stream).toEqual(model.stream);
    for (const wanted of [await step(model), await step(model)]) expect(wanted.loss).toBeGreaterThan(0);
    const [second, third] = [await step(again), await step(again)];
    expectClose([second.loss], [second.crossEntropy], 1e-6);
    expectClose([third.loss], [third.crossEntropy + 0.5 * third.margin], 1e-6);
  });

  it('leave no tensors behind, and refuse a count of steps, which is that of the model', async () => {
    const model = compiled({gamma: 2, marginWeight: schedules.warmUp({steps: 3, then: 1})});
    await step(model);
    await expectNoLeakAsync(() => step(model));
    const base = denseNet();
    await expectRefusal(() => new LargeMarginModel(base, {gamma: 1, step: 3}), 'step', 'counted here');
    const late = {gamma: 1, marginWeight: schedules.delay({steps: 0, then: 1})};
    await expectRefusal(() => new LargeMarginModel(base, late), 'marginWeight.steps', '> 0');
  });
});

describe('labelSmoothing', () => {
  it('smooths the label loss in fit and in evaluate, and leaves the margin alone', async () => {
    const [plain, smooth] = [compiled({gamma: 2}), compiled({gamma: 2, labelSmoothing: 0.2})];
    const [a, b] = [await step(plain), await step(smooth)];
    expect(b.margin).toBe(a.margin);
    const logits = smooth.baseModel.predict(x) as tf.Tensor2D;
    // softmaxCrossEntropy takes logits; those of a probability are its logarithms.
    const wanted = tf.losses.softmaxCrossEntropy(y, tf.log(logits), 1, 0.2).dataSync();
    expectClose([b.crossEntropy], wanted, 1e-5);
    const terms = (smooth.evaluate(x, y) as tf.Scalar[]).map(term => term.dataSync()[0]);
    expectClose([terms[1]], wanted, 1e-5);
  });

  it('is refused for a label loss that is no cross-entropy', async () => {
    const model = new LargeMarginModel(denseNet(), {gamma: 1, labelSmoothing: 0.1});
    const optimizer = tf.train.sgd(0.1);
    const compile = () => model.compile({optimizer, loss: 'meanSquaredError'});
    await expectRefusal(compile, 'labelSmoothing', 'smooth within your own loss');
  });
});
