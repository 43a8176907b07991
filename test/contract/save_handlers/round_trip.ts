import {dispose, tidy, type io, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {LargeMarginModel} from '../../../plugin/index.js';
import type {SavedCase} from './cases.js';

/** All that has to survive: texts byte for byte, numbers bit for bit. */
export interface Portrait {
  className: string;
  options: string;
  config: string;
  weightNames: string[];
  predictions: number[];
  /** What the next training step reports, and the weights and the optimizer's slots after it. */
  step: number[];
  weights: number[];
  slots: number[];
}

/** Saves a model and loads it; what comes back is looked at beside what was saved. */
export type Handler = (model: LayersModel, config: io.SaveConfig) => Promise<LayersModel>;

/** What a model is and does next, before saving and after loading; each is trained by one step more, on the same batch. */
export async function roundTrip(
  saved: SavedCase,
  handler: Handler,
): Promise<{before: Portrait; after: Portrait}> {
  const [model, x, y] = [saved.model(), saved.x(), saved.y()];
  await model.trainOnBatch(x, y);
  const loaded = (await handler(model, {includeOptimizer: true})) as LargeMarginModel;
  const [before, after] = [await portrait(model, x, y), await portrait(loaded, x, y)];
  dispose([x, y]);
  for (const each of [model, loaded]) {
    each.optimizer.dispose();
    each.dispose();
  }
  return {before, after};
}

async function portrait(model: LargeMarginModel, x: Tensor, y: Tensor[]): Promise<Portrait> {
  const numbers = (tensors: Tensor[]) => tensors.flatMap(t => Array.from(t.dataSync()));
  const still = {
    className: model.getClassName(),
    options: JSON.stringify(model.options),
    config: JSON.stringify(model.getConfig()),
    weightNames: model.weights.map(({originalName}) => originalName),
    predictions: tidy(() => numbers([model.predict(x)].flat())),
  };
  const step = [await model.trainOnBatch(x, y)].flat();
  const slots = await model.optimizer.getWeights();
  const moved = {
    step,
    weights: numbers(model.weights.map(weight => weight.read())),
    slots: numbers(slots.map(({tensor}) => tensor)),
  };
  // The first is made for the asking, the others are the optimizer's own.
  slots[0].tensor.dispose();
  return {...still, ...moved};
}

/** All numbers of a portrait, to see that they are finite: NaN passes for itself where arrays are compared. */
export function numbersIn({predictions, step, weights, slots}: Portrait): number[] {
  return [...predictions, ...step, ...weights, ...slots];
}
