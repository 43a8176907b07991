import {dispose, gather, slice, tensor1d, tidy, type Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {RandomStream} from '../../src/index.js';
import {trainedModel} from '../model_internals.js';
import type {Data} from '../batch_checks.js';
import {permutation} from './randomness.js';
import type {Batch} from './training_step.js';

/** Methods of LayersModel that its own `fit` works with. */
interface Standardizing {
  standardizeUserData(
    ...args: [Data, Data, Tensor | undefined, object | undefined, boolean, number]
  ): Promise<[Tensor[], Tensor[], Tensor[] | null]>;
}

/** All data of a training, cut into the batches of one epoch after the other. */
export class EpochData {
  readonly size: number;
  private readonly parts: Array<Tensor | null>;
  private readonly inputs: number;
  private readonly given: Set<Tensor>;
  private order?: Int32Array;

  private constructor(xs: Tensor[], ys: Tensor[], weights: Array<Tensor | null>, given: Set<Tensor>) {
    this.size = xs[0].shape[0];
    this.parts = [...xs, ...ys, ...weights];
    this.inputs = xs.length;
    this.given = given;
  }

  /** Checks data as the model's own `fit` does. */
  static async of(
    model: LayersModel,
    x: Data,
    y: Data,
    {sampleWeight, classWeight, batchSize}: {sampleWeight?: Tensor; classWeight?: object; batchSize: number},
  ): Promise<EpochData> {
    const host = trainedModel(model) as unknown as Standardizing;
    // Like `fit` without the size of batches, which `false` stands for: those of an epoch are cut later.
    const [xs, ys, weights] = await host.standardizeUserData(
      x,
      y,
      sampleWeight,
      classWeight,
      false,
      batchSize,
    );
    const given = [x, y].flatMap(data => ('dataSync' in data ? [data] : Object.values(data))) as Tensor[];
    return new EpochData(xs, ys, weights ?? [], new Set(given));
  }

  /** Draws the order of an epoch; without a stream the examples come as they are. */
  begin(random?: RandomStream): void {
    this.order = random && permutation(this.size, random);
  }

  /** Cuts out the examples from..to - 1 of the epoch; the caller disposes of them. */
  batch(from: number, to: number): Batch {
    const {order, parts, inputs} = this;
    return tidy(() => {
      const rows = order && tensor1d(order.subarray(from, to), 'int32');
      const cut = (part: Tensor) => (rows ? gather(part, rows) : slice(part, from, to - from));
      const cuts = parts.map(part => (part ? cut(part) : part)) as Tensor[];
      return {inputs: cuts.slice(0, inputs), rest: cuts.slice(inputs)};
    });
  }

  /** Frees what is not the caller's. */
  dispose(): void {
    dispose(this.parts.filter(part => part && !this.given.has(part)) as Tensor[]);
  }
}

/** Checks validation data as the model's own `fit` does, before its first step. */
export async function checkValidation(
  model: LayersModel,
  {validationData, batchSize}: {validationData?: [Data, Data]; batchSize: number},
): Promise<void> {
  if (!validationData) return;
  const [x, y] = validationData;
  const data = await EpochData.of(model, x, y, {batchSize});
  data.dispose();
}
