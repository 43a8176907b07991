import {Callback, type LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import {checkNoOthers} from '../callbacks/check_args.js';
import type {Json} from '../callbacks/resumable_callback.js';
import {checkStore, type CheckpointStore} from './resumable_args.js';
import {readTraining, writeTraining} from './training_files.js';

const CALLER = 'checkpoint';

/** Saves a model and its optimizer while tfjs's own `fit` trains it. See `checkpoint`. */
export class Checkpoint extends Callback {
  private readonly store: CheckpointStore;
  private readonly every: number;

  constructor(store: CheckpointStore, {every = 1, ...others}: {every?: number} = {}) {
    super();
    checkStore(CALLER, 'store', store);
    checkNoOthers(CALLER, others);
    check(Number.isInteger(every) && every >= 1, CALLER, 'every', 'to be an integer >= 1', every);
    this.store = store;
    this.every = every;
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    if ((epoch + 1) % this.every !== 0) return;
    const model = this.model as LayersModel;
    const files = await writeTraining(CALLER, {model}, {epoch: epoch + 1});
    await this.store.save(epoch + 1, files);
  }
}

/**
 * Saves model, optimizer and steps of schedules and random margins at the end of epochs of tfjs's own `fit`, for
 * `restoreCheckpoint`. tfjs shuffles by Math.random: for a training that goes on as if it had never stopped, use
 * `resumableFit`.
 *
 * @param store A CheckpointFolder of tfjs-large-margin/node, or alike.
 * @param args `every`: after how many epochs. Default 1.
 * @throws ArgumentError.
 * @example
 * await model.fit(x, y, {epochs: 10, callbacks: [checkpoint(new CheckpointFolder('run'))]});
 */
export function checkpoint(store: CheckpointStore, args: {every?: number} = {}): Checkpoint {
  return new Checkpoint(store, args);
}

/**
 * Gives a compiled model the weights, and its optimizer the state, of the last checkpoint.
 *
 * @returns How many epochs were trained: the `initialEpoch` to go on from; 0 where nothing was saved yet.
 * @throws ArgumentError where the checkpoint is of another model or optimizer; whatever the store throws for a damaged one.
 * @example
 * const initialEpoch = await restoreCheckpoint(model, new CheckpointFolder('run'));
 * await model.fit(x, y, {initialEpoch, epochs: 10});
 */
export async function restoreCheckpoint(
  model: LayersModel,
  store: CheckpointStore,
  {fallback = false}: {fallback?: boolean} = {},
): Promise<number> {
  const caller = 'restoreCheckpoint';
  checkStore(caller, 'store', store);
  check(model?.optimizer != null, caller, 'model', 'to be compiled', model?.name, 'call model.compile first');
  const stored = await store.load({fallback});
  if (!stored) return 0;
  const isCount = ({epoch}: Record<string, Json>) =>
    check(Number.isInteger(epoch), caller, 'the checkpoint', 'to say how many epochs there were', epoch);
  const {epoch} = await readTraining(caller, {model}, stored.files, isCount);
  return epoch as number;
}
