import {train, type Tensor} from '@tensorflow/tfjs-core';
import {sequential, type LayersModel, type ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {LargeMarginModel, marginLoss, marginRegularizer} from '../../plugin/index.js';
import type {MarginLossOptions} from '../../plugin/index.js';
import {expectClose} from './expect_close.js';
import {dense, seeded, weightsOf} from './tiny_models.js';

/** A Sequential net 4 -> 5 -> 3 whose input and hidden layer are marked, the latter with settings of its own. */
export function markedNet({softmax = true, seed = 1} = {}): LayersModel {
  return seeded(
    sequential({
      layers: [
        marginRegularizer({inputShape: [4], name: 'mark_x'}),
        dense('hidden', 5, {activation: 'relu'}),
        marginRegularizer({gamma: 0.5, norm: 'linf', weight: 2, scale: 'size', name: 'mark_h'}),
        dense('scores', 3, softmax ? {activation: 'softmax'} : {}),
      ],
    }),
    seed,
  );
}

type Data = Tensor | Tensor[];

export interface Doors {
  make: () => LayersModel;
  options?: MarginLossOptions;
  /** More of `compile` than the optimizer and the loss. */
  compile?: Partial<ModelCompileArgs>;
  /** More of `fit`; without it one `trainOnBatch` is made. */
  fit?: object;
  /** What a loss becomes that is for one of several outputs. */
  losses?: (loss: unknown) => unknown;
  bound?: number;
}

/**
 * Trains a net with marks with marginLoss, and the same net in a LargeMarginModel without layers. Expects the same
 * loss in each epoch, and the same weights after it, within the bound (default 1e-6 of the largest).
 *
 * @returns The plain model, trained, and the losses of its epochs.
 */
export async function expectSameDoors(
  x: Data,
  y: Data,
  {make, options = {gamma: 1}, compile, fit, losses = loss => loss, bound = 1e-6}: Doors,
): Promise<{model: LayersModel; losses: number[]}> {
  const {loss = 'categoricalCrossentropy', ...margin} = options;
  const [plain, wrapped] = [make(), new LargeMarginModel(make(), margin)];
  const args = () => ({...compile, optimizer: train.sgd(0.1)});
  plain.compile({...args(), loss: losses(marginLoss(plain, options)) as string});
  wrapped.compile({...args(), loss: losses(loss) as string});
  const run = async (model: LayersModel) => {
    if (!fit) return [[await model.trainOnBatch(x as Tensor, y as Tensor)].flat()[0]];
    const history = await model.fit(x, y, {verbose: 0, shuffle: false, ...fit});
    return history.history.loss as number[];
  };
  const [ours, theirs] = [await run(plain), await run(wrapped)];
  expectClose(ours, theirs, bound);
  expectClose(weightsOf(plain).flat(), weightsOf(wrapped).flat(), bound);
  return {model: plain, losses: ours};
}
