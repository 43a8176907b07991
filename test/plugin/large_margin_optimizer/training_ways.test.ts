import * as tf from '@tensorflow/tfjs-core';
import {Callback, type LayersModel, type Logs, type ModelFitArgs} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {LargeMarginModel, type LargeMarginOptimizerOptions} from '../../../plugin/index.js';
import {adapted} from '../../support/adapted_nets.js';
import {batches} from '../../support/batches.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const x = randomTensor<tf.Tensor2D>([8, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0, 0, 1]);
const [xVal, yVal] = [randomTensor<tf.Tensor2D>([4, 4], 2), labelsOf([2, 1, 0, 0])];
const quiet: ModelFitArgs = {epochs: 2, batchSize: 4, shuffle: false, verbose: 0};
const GAMMA: LargeMarginOptimizerOptions = {gamma: 2};

/** A plain model; of the user's program only the optimizer is another. */
function plain(options = GAMMA): LayersModel {
  const model = denseNet();
  model.compile({optimizer: adapted(model, options), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  return model;
}

async function trainedBy(train: (model: LayersModel) => Promise<unknown>): Promise<number[][]> {
  const model = plain();
  await expectNoLeakAsync(async () => void (await train(model)));
  return weightsOf(model);
}

const pairs = () => {
  const [xs, ys] = [tf.split(x, 2), tf.split(y, 2)];
  return xs.map((xs, i) => ({xs, ys: ys[i]}));
};

describe('a plain model under the adapter', () => {
  it('is trained alike by fit, fitDataset and trainOnBatch, which leave no tensor behind', async () => {
    const [dataset, parts] = [pairs(), pairs()];
    const byFit = await trainedBy(model => model.fit(x, y, quiet));
    const byDataset = await trainedBy(model =>
      model.fitDataset(
        batches(() => dataset),
        {epochs: 2, verbose: 0},
      ),
    );
    const byBatch = await trainedBy(async model => {
      for (let epoch = 0; epoch < 2; epoch++) for (const {xs, ys} of parts) await model.trainOnBatch(xs, ys);
    });
    expect(byDataset).toEqual(byFit);
    expect(byBatch).toEqual(byFit);
    expect(byFit).not.toEqual(weightsOf(denseNet()));
    tf.dispose([dataset, parts]);
  });

  it('has the history of a plain model, its loss with the margin in it', async () => {
    const model = plain({gamma: 2, marginWeight: 0.5});
    const wrapped = new LargeMarginModel(denseNet(), {gamma: 2, marginWeight: 0.5});
    wrapped.compile({optimizer: tf.train.sgd(0.1), metrics: ['accuracy']});
    const [ours, theirs] = [await model.fit(x, y, quiet), await wrapped.fit(x, y, quiet)];
    expect(Object.keys(ours.history).sort()).toEqual(['acc', 'loss']);
    expectClose(ours.history.loss as number[], theirs.history.loss as number[], 1e-6);
    expect(ours.history.acc).toEqual(theirs.history.acc);
  });

  it('is validated and evaluated as it is compiled, without the margin', async () => {
    const model = plain();
    const {history} = await model.fit(x, y, {...quiet, validationData: [xVal, yVal]});
    const [loss, accuracy] = (model.evaluate(xVal, yVal) as tf.Scalar[]).map(t => t.dataSync()[0]);
    const other = denseNet();
    other.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy', metrics: ['accuracy']});
    other.setWeights(model.getWeights());
    const expected = (other.evaluate(xVal, yVal) as tf.Scalar[]).map(t => t.dataSync()[0]);
    expect([loss, accuracy]).toEqual(expected);
    expect([history.val_loss[1], history.val_acc[1]]).toEqual(expected);
  });

  it('may be evaluated in the middle of a batch’s callbacks, and stopped there', async () => {
    const model = plain();
    const seen: number[] = [];
    class Watch extends Callback {
      override async onBatchEnd(batch: number, _logs?: Logs): Promise<void> {
        const [loss, accuracy] = model.evaluate(xVal, yVal) as tf.Scalar[];
        seen.push((await loss.data())[0]);
        tf.dispose([loss, accuracy]);
        if (batch === 1) model.stopTraining = true;
      }
    }
    const {epoch} = await model.fit(x, y, {...quiet, epochs: 5, callbacks: [new Watch()]});
    expect(epoch).toEqual([0]);
    expect(seen).toHaveLength(2);
    expect(model.optimizer.iterations).toBe(2);
  });

  it('can be compiled again, with another loss, and attached before or after', async () => {
    const model = denseNet();
    const optimizer = adapted(model, GAMMA);
    model.compile({optimizer, loss: 'categoricalCrossentropy'});
    const first = await model.trainOnBatch(x, y);
    model.compile({optimizer, loss: 'meanSquaredError'});
    const second = await model.trainOnBatch(x, y);
    expect(optimizer.iterations).toBe(2);
    expect(first).not.toBe(second);
    const other = denseNet();
    other.compile({optimizer: optimizer.attach(other), loss: 'categoricalCrossentropy'});
    expectClose([(await other.trainOnBatch(x, y)) as number], [first as number], 1e-6);
  });

  it('moves no weight that is frozen, and learns on with the rest', async () => {
    const model = denseNet();
    model.getLayer('hidden1').trainable = false;
    model.compile({optimizer: adapted(model, GAMMA), loss: 'categoricalCrossentropy'});
    const before = weightsOf(denseNet());
    await model.fit(x, y, quiet);
    const after = model.layers.map(layer => layer.getWeights().map(w => Array.from(w.dataSync())));
    expect(after[0]).toEqual(before.slice(0, 2));
    expect(after[1]).not.toEqual(before.slice(2));
  });
});
