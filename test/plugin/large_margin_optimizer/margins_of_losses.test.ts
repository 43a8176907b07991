import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  largeMarginLoss,
  LargeMarginOptimizer,
  marginLoss,
  type LargeMarginOptimizerOptions,
} from '../../../plugin/index.js';
import {errorOf, expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {markedNet} from '../../support/marked_nets.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

// Without options of a margin the adapter takes steps down losses that have one; with them it adds the only one.

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 2, 1, 0]);
const GAMMA = {gamma: 2};

/** The weights after three steps of trainOnBatch. */
async function trained(model: LayersModel): Promise<number[][]> {
  for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
  return weightsOf(model);
}

const around = (inner: tf.Optimizer, options?: LargeMarginOptimizerOptions) =>
  new LargeMarginOptimizer(inner, options);

describe('an adapter without options of a margin takes the steps of its optimizer, bit for bit,', () => {
  const inner = () => tf.train.momentum(0.05, 0.9);

  it('down the loss of a LargeMarginModel', async () => {
    const [ours, theirs] = [around(inner()), inner()].map(optimizer => {
      const model = new LargeMarginModel(denseNet(), {...GAMMA, rivals: 'random', seed: 3});
      model.compile({optimizer, metrics: ['accuracy']});
      return model;
    });
    expect(await trained(ours)).toEqual(await trained(theirs));
  });

  it('down marginLoss', async () => {
    const [ours, theirs] = [around(inner()), inner()].map(optimizer => {
      const model = markedNet();
      model.compile({optimizer, loss: marginLoss(model, GAMMA), metrics: ['accuracy']});
      return model;
    });
    expect(await trained(ours)).toEqual(await trained(theirs));
  });

  it('down largeMarginLoss in a function of one’s own, by minimize or in two calls', () => {
    const run = (step: (optimizer: tf.Optimizer, f: () => tf.Scalar) => void, optimizer: tf.Optimizer) => {
      const start = randomTensor([4, 3], 5);
      const w = tf.variable(start);
      start.dispose();
      const loss = () => {
        const logits = tf.matMul(x, w as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
        return largeMarginLoss(y, logits, {input: x}, GAMMA).loss;
      };
      for (let i = 0; i < 3; i++) expectNoLeak(() => i > 0 && step(optimizer, loss));
      const values = Array.from(w.dataSync());
      w.dispose();
      return values;
    };
    const minimize = (optimizer: tf.Optimizer, f: () => tf.Scalar) => void optimizer.minimize(f);
    const twoCalls = (optimizer: tf.Optimizer, f: () => tf.Scalar) => {
      const {value, grads} = optimizer.computeGradients(f);
      optimizer.applyGradients(grads);
      tf.dispose([value, grads]);
    };
    const theirs = run(minimize, tf.train.sgd(0.1));
    expect(run(minimize, around(tf.train.sgd(0.1)))).toEqual(theirs);
    expect(run(twoCalls, around(tf.train.sgd(0.1)))).toEqual(theirs);
  });

  it('with gradients from anywhere', () => {
    const w = tf.variable(tf.tensor1d([1, 2]));
    const gradient = tf.tensor1d([1, -1]);
    const optimizer = around(tf.train.sgd(0.5));
    expectNoLeak(() => optimizer.applyGradients({[w.name]: gradient}));
    expectNoLeak(() => optimizer.applyGradients([{name: w.name, tensor: gradient}]));
    // 1 - 2 x 0.5 x 1, 2 + 2 x 0.5 x 1.
    expect(Array.from(w.dataSync())).toEqual([0, 3]);
    tf.dispose([w, gradient]);
  });
});

describe('the adapter says so, and moves no weight, where', () => {
  /** Expects trainOnBatch to be refused by name of the argument. */
  async function refused(model: LayersModel, argument: string, ...parts: string[]): Promise<void> {
    const before = weightsOf(model);
    await expectRefusal(() => model.trainOnBatch(x, y), argument, 'LargeMarginOptimizer', ...parts);
    expect(weightsOf(model)).toEqual(before);
  }

  it('a plain model is trained without any margin', async () => {
    const net = denseNet();
    net.compile({optimizer: around(tf.train.sgd(0.1)), loss: 'categoricalCrossentropy'});
    await refused(net, 'the function f', 'to have a margin', 'give model and gamma');
  });

  it('options of a margin are given, but no model', async () => {
    const net = denseNet();
    net.compile({optimizer: around(tf.train.sgd(0.1), GAMMA), loss: 'categoricalCrossentropy'});
    await refused(net, 'the function f', 'give the option model', 'observe');
  });

  it('another model is attached than the one that is trained', async () => {
    const net = denseNet();
    const options = {...GAMMA, model: denseNet()};
    net.compile({optimizer: around(tf.train.sgd(0.1), options), loss: 'categoricalCrossentropy'});
    await refused(net, 'the function f', 'an attached model');
  });

  it('a LargeMarginModel is trained with options of another margin', async () => {
    const model = new LargeMarginModel(denseNet(), GAMMA);
    model.compile({optimizer: around(tf.train.sgd(0.1), GAMMA)});
    await refused(model, 'the loss', 'no margin of its own', 'leave model, gamma');
  });

  it('the base of a LargeMarginModel is attached, which then trains', async () => {
    const net = denseNet();
    const model = new LargeMarginModel(net, GAMMA);
    model.compile({optimizer: around(tf.train.sgd(0.1), {...GAMMA, model: net})});
    await refused(model, 'the loss', 'no margin of its own');
  });

  it('a model is attached whose loss is marginLoss', async () => {
    const net = markedNet();
    const optimizer = around(tf.train.sgd(0.1), {...GAMMA, model: net});
    net.compile({optimizer, loss: marginLoss(net, GAMMA), metrics: ['accuracy']});
    await refused(net, 'the loss', 'no margin of its own');
  });

  it('the cost beside what is observed has a margin', async () => {
    const start = randomTensor([4, 3], 5);
    const w = tf.variable(start);
    const optimizer = around(tf.train.sgd(0.1), GAMMA);
    const step = () =>
      optimizer.minimize(() => {
        const logits = tf.matMul(x, w as tf.Tensor as tf.Tensor2D) as tf.Tensor2D;
        optimizer.observe({labels: y, logits, activations: {input: x}});
        return largeMarginLoss(y, logits, {input: x}, GAMMA).loss;
      });
    await expectRefusal(step, 'the loss', 'no margin of its own');
    expect(w.dataSync()).toEqual(start.dataSync());
    tf.dispose([w, start]);
  });

  it('a model that shows its labels itself is observed besides', async () => {
    const net = denseNet();
    const optimizer = around(tf.train.sgd(0.1), {...GAMMA, model: net});
    const logits = tf.ones<tf.Rank.R2>([6, 3]);
    for (const shown of [{labels: y}, {labels: y, logits, activations: {x}}]) {
      const loss = (labels: tf.Tensor, outputs: tf.Tensor) => {
        optimizer.observe(shown);
        return tf.losses.meanSquaredError(labels, outputs);
      };
      net.compile({optimizer, loss});
      await refused(net, 'observe', 'not to be called');
    }
    logits.dispose();
  });

  it('a LargeMarginModel is attached', async () => {
    const model = new LargeMarginModel(denseNet(), GAMMA);
    const attach = () => new LargeMarginOptimizer('sgd', {...GAMMA, model});
    await expectRefusal(attach, 'model', 'plain tf.LayersModel', 'leave model, gamma and layers out');
  });

  it('a model is attached later, but no margin was asked for', async () => {
    const [optimizer, model] = [around(tf.train.sgd(0.1)), denseNet()];
    await expectRefusal(() => optimizer.attach(model), 'options', 'those of a margin');
  });

  it('gradients are applied that the margin cannot be in', async () => {
    const w = tf.variable(tf.tensor1d([1, 2]));
    const gradient = tf.tensor1d([1, -1]);
    const optimizer = around(tf.train.sgd(0.5), GAMMA);
    await expectRefusal(
      () => optimizer.applyGradients({[w.name]: gradient}),
      'gradients',
      'computeGradients',
    );
    expect(Array.from(w.dataSync())).toEqual([1, 2]);
    tf.dispose([w, gradient]);
  });
});

describe('a margin of the model, of the loss and of the adapter', () => {
  it('are each recognized in turn, also after a step that failed', async () => {
    const net = markedNet();
    const optimizer = around(tf.train.sgd(0.1), {...GAMMA, model: net});
    net.compile({optimizer, loss: marginLoss(net, GAMMA)});
    expect(await errorOf(() => net.trainOnBatch(x, y))).toBeInstanceOf(Error);
    net.compile({optimizer, loss: 'categoricalCrossentropy'});
    await net.trainOnBatch(x, y);
    net.compile({optimizer: around(tf.train.sgd(0.1)), loss: marginLoss(net, GAMMA)});
    await net.trainOnBatch(x, y);
  });
});
