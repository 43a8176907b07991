import * as tf from '@tensorflow/tfjs';
import {LargeMarginModel, RandomStream} from 'tfjs-large-margin';
import {mnistNet, type NetKind} from '../shared/nets.js';
import {permutation, pick, toTensors, type Digits} from './data/mnist.js';
import type {Recipe} from './recipe.js';

/** Said after each step; `margin` where there is one. */
export interface StepReport {
  epoch: number;
  step: number;
  crossEntropy: number;
  margin?: number;
}

export interface TrainArgs {
  recipe: Recipe;
  kind: NetKind;
  seed: number;
  train: Digits;
  onStep: (report: StepReport) => void;
  onEpoch: (epoch: number, net: tf.LayersModel) => void;
  /** Stops training between two steps. */
  isStopped: () => boolean;
}

/** Trains one net as its recipe says; the last, smaller batch of an epoch counts like any other. */
export async function trainNet(
  args: TrainArgs,
): Promise<{net: tf.LayersModel; secondsPerStep: number; seconds: number}> {
  const {recipe, kind, seed, train, isStopped} = args;
  const net = mnistNet({...recipe.net, kind, seed});
  const model = recipe.margin ? new LargeMarginModel(net, {...recipe.margin, seed}) : undefined;
  const optimizer = recipe.optimizer(recipe.learningRate);
  const random = new RandomStream(seed);
  const perEpoch = Math.ceil(train.size / recipe.batchSize);
  const times: number[] = [];
  const start = performance.now();
  for (let epoch = 0; epoch < recipe.epochs; epoch++) {
    const order = permutation(train.size, random);
    for (let batch = 0; batch < perEpoch; batch++) {
      const began = performance.now();
      const step = epoch * perEpoch + batch;
      const share = step / (perEpoch * recipe.epochs);
      setLearningRate(optimizer, recipe.learningRate * (1 - 0.98 * share));
      const places = order.subarray(batch * recipe.batchSize, (batch + 1) * recipe.batchSize);
      seedDropout(net, random);
      const {x, y} = toTensors(pick(train, places));
      const terms = trainStep(net, model, optimizer, x, y, recipe.clipNorm);
      tf.dispose([x, y]);
      times.push(performance.now() - began);
      args.onStep({epoch, step, ...terms});
      // Lets signals and the progress bar in: the native engine itself never does.
      await new Promise(resolve => setImmediate(resolve));
      if (isStopped()) break;
    }
    if (isStopped()) break;
    args.onEpoch(epoch, net);
  }
  optimizer.dispose();
  const seconds = (performance.now() - start) / 1000;
  return {net, secondsPerStep: median(times) / 1000, seconds};
}

function trainStep(
  net: tf.LayersModel,
  model: LargeMarginModel | undefined,
  optimizer: tf.Optimizer,
  x: tf.Tensor4D,
  y: tf.Tensor2D,
  clipNorm?: number,
): {crossEntropy: number; margin?: number} {
  return tf.tidy(() => {
    const report: {crossEntropy: number; margin?: number} = {crossEntropy: NaN};
    const {grads} = tf.variableGrads(
      () => {
        if (model) {
          const {loss, crossEntropy, margin} = model.computeLoss(x, y);
          report.margin = margin.dataSync()[0];
          report.crossEntropy = crossEntropy.dataSync()[0];
          return loss;
        }
        const logits = net.apply(x, {training: true}) as tf.Tensor2D;
        const loss = tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
        report.crossEntropy = loss.dataSync()[0];
        return tf.addN([loss, ...net.calculateLosses()]) as tf.Scalar;
      },
      net.trainableWeights.map(weight => weight.read() as tf.Variable),
    );
    optimizer.applyGradients(clipNorm ? clipByGlobalNorm(grads, clipNorm) : grads);
    return report;
  });
}

function clipByGlobalNorm(grads: tf.NamedTensorMap, norm: number): tf.NamedTensorMap {
  const total = tf.sqrt(tf.addN(Object.values(grads).map(grad => tf.sum(tf.square(grad)))));
  const factor = tf.div(norm, tf.maximum(total, norm));
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, tf.mul(grad, factor)]));
}

/** A Dropout layer of tfjs has no seed, and then differs from run to run, or one, and then has one mask for ever. */
function seedDropout(net: tf.LayersModel, random: RandomStream): void {
  for (const layer of net.layers) {
    if (layer.getClassName() === 'Dropout')
      (layer as unknown as {seed: number}).seed = random.nextUint32() + 1;
  }
}

/** tfjs's optimizers keep the rate in a field; only sgd has a setter for it. */
function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  (optimizer as unknown as {learningRate: number}).learningRate = rate;
}

function median(values: number[]): number {
  return Float64Array.from(values).sort()[Math.floor(values.length / 2)];
}
