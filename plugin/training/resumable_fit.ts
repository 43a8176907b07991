import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {Data} from '../batch_checks.js';
import {trainedModel} from '../model_internals.js';
import {checkValidation, EpochData} from './epoch_data.js';
import {resolveFitArgs, type ResolvedFitArgs, type ResumableFitArgs} from './resumable_args.js';
import {TrainingRun, type Trained, type TrainingHistory} from './training_run.js';

export type {TrainingHistory} from './training_run.js';

const CALLER = 'resumableFit';

/**
 * Trains a compiled model as `fit` does, from one seed, and so that it can be interrupted: killed at any moment and run
 * again with the same arguments, it goes on from its last checkpoint, in the middle of an epoch too, and ends with the
 * same weights, optimizer state, random numbers and history as if it had never been interrupted, bit for bit.
 *
 * Order of examples, dropout and noise, and `augment` draw from generators of their own. On tfjs-node the last bits depend
 * on the number of threads (TF_NUM_INTRAOP_THREADS, else that of processors), which must be the same.
 *
 * @param model A compiled model: LargeMarginModel or any tf.LayersModel. With a LargeMarginOptimizer the state of slots
 *     is kept by name; tfjs's own optimizers are restored by position, hence with the same layers frozen.
 * @param x Inputs, as for `fit`. The same data must be given again: of it, only the number of examples is compared.
 * @param y Labels, as for `fit`.
 * @returns The logs of all epochs. A training that is complete, or that a callback stopped, is not taken further.
 * @throws ArgumentError for bad arguments, before any weight changes, and where a checkpoint is of another training;
 *     whatever the store throws for a damaged one.
 * @example
 * const checkpoints = new CheckpointFolder('runs/first');
 * await resumableFit(model, x, y, {checkpoints, epochs: 10, seed: 1, saveEvery: 100});
 */
export async function resumableFit(
  model: LayersModel,
  x: Data,
  y: Data,
  args: ResumableFitArgs = {},
): Promise<TrainingHistory> {
  const resolved = resolveFitArgs(CALLER, args);
  checkModel(model, resolved);
  const trained = trainedModel(model) as unknown as Trained;
  check(!trained.isTraining, CALLER, 'model', 'to be trained once at a time', 'a second training');
  trained.isTraining = true;
  let data: EpochData | undefined;
  try {
    data = await EpochData.of(model, x, y, resolved);
    await checkValidation(model, resolved);
    return await new TrainingRun(CALLER, model, trained, data, resolved).run();
  } finally {
    trained.isTraining = false;
    data?.dispose();
  }
}

function checkModel(model: LayersModel, {checkpoints, sampleWeight}: ResolvedFitArgs): void {
  const expect = (ok: boolean, expected: string, got: string, wayOut: string) =>
    check(ok, CALLER, 'model', expected, got, wayOut);
  const isCompiled = model?.optimizer != null && typeof model.fit === 'function';
  expect(isCompiled, 'to be a compiled tf.LayersModel', model?.name, 'call model.compile first');
  const {stateful} = model as unknown as {stateful: boolean};
  const wayOut = 'train without checkpoints, or without stateful layers';
  expect(
    !checkpoints || !stateful,
    'to have no stateful layers, whose states are not saved',
    model.name,
    wayOut,
  );
  const takesWeights = sampleWeight === undefined || model.getClassName() === 'LargeMarginModel';
  expect(
    takesWeights,
    'to be a LargeMarginModel for sampleWeight',
    model.getClassName(),
    'leave sampleWeight out',
  );
}
