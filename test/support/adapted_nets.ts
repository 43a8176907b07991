import {dispose, train, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel, ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {LargeMarginModel, LargeMarginOptimizer} from '../../plugin/index.js';
import type {LargeMarginModelOptions, LargeMarginOptimizerOptions} from '../../plugin/index.js';
import {worstError} from './expect_close.js';
import {weightsOf} from './tiny_models.js';

type Data = Tensor | Tensor[];

export interface Adapted {
  make: () => LayersModel;
  options: LargeMarginModelOptions;
  compile?: Partial<ModelCompileArgs>;
  /** How the model is trained; by default three times by `trainOnBatch`. */
  run?: (model: LayersModel, x: Data, y: Data) => Promise<unknown>;
  /** Runs before each of the two trainings. */
  before?: () => void;
}

/**
 * Trains a net under a LargeMarginOptimizer, and the same net in a LargeMarginModel.
 *
 * @returns How far the weights of the two are apart, over the largest of them, and how far they went.
 */
export async function compareWithModel(x: Data, y: Data, {make, options, ...rest}: Adapted) {
  const {compile, run = threeSteps, before = () => {}} = rest;
  const [plain, wrapped] = [make(), new LargeMarginModel(make(), options)];
  const start = weightsOf(plain).flat();
  const optimizer = adapted(plain, options);
  plain.compile({loss: 'categoricalCrossentropy', ...compile, optimizer});
  wrapped.compile({loss: 'categoricalCrossentropy', ...compile, optimizer: train.sgd(0.1)});
  for (const model of [plain, wrapped]) {
    before();
    await run(model, x, y);
  }
  const [ours, theirs] = [plain, wrapped].map(model => weightsOf(model).flat());
  optimizer.dispose();
  return {
    error: worstError(ours, theirs),
    moved: worstError(ours, start),
    model: plain,
    free: () => dispose([...plain.weights, ...wrapped.weights].map(weight => weight.read())),
  };
}

/** An adapter around plain gradient descent, attached to a model. */
export function adapted(model: LayersModel, options: LargeMarginOptimizerOptions): LargeMarginOptimizer {
  return new LargeMarginOptimizer(train.sgd(0.1), {...options, model});
}

async function threeSteps(model: LayersModel, x: Data, y: Data): Promise<void> {
  for (let step = 0; step < 3; step++) await model.trainOnBatch(x as Tensor, y as Tensor);
}
