import {clone, type Optimizer} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {Json, NamedTensor} from '../callbacks/resumable_callback.js';
import {trainedModel, internalsOf} from '../model_internals.js';
import {captureOptimizer, restoreOptimizer} from '../optimizer/capture.js';
import {learningRateOf} from '../optimizer/learning_rate.js';

/** All that an optimizer has learnt of a model. */
export interface OptimizerState {
  className: string;
  /** Its options but the rate, for whoever looks into a checkpoint; missing where it cannot write them down. */
  config?: Json;
  /** Missing where the optimizer has none, or keeps it among its tensors. */
  learningRate?: number;
  /** The names of the model's variables, in the order of its weights: they differ from process to process. */
  variables: string[];
  /** The places of those that are trained, among all weights. */
  trained: number[];
  tensors: NamedTensor[];
}

/** Takes copies of a compiled model's optimizer's state; the caller disposes of the tensors. */
export async function takeOptimizer(model: LayersModel): Promise<OptimizerState> {
  const {optimizer, weights} = model;
  const variables = namesIn(weights);
  const state = {
    className: optimizer.getClassName(),
    config: configOf(optimizer),
    variables,
    trained: trainedIn(model),
  };
  if (!hasNames(optimizer)) return {...state, tensors: captureOptimizer(optimizer)};
  const tensors = (await optimizer.getWeights()).map(({name, tensor}) => ({name, tensor: clone(tensor)}));
  return {...state, learningRate: orNothing(() => learningRateOf(optimizer)), tensors};
}

/**
 * Gives a state back, bit for bit; the tensors stay the caller's. What an optimizer keeps by name finds its variables by
 * the places of their weights, whatever tfjs has called them in this process.
 *
 * @param places For each weight of the model its place when the state was taken.
 * @throws ArgumentError for a state that the optimizer cannot have; where a schedule decides the learning rate in
 *     another way than before, slots have changed by then.
 */
export async function putOptimizer(
  caller: string,
  model: LayersModel,
  {learningRate, variables, trained, tensors}: OptimizerState,
  places: number[],
): Promise<void> {
  const {optimizer, weights} = model;
  if (!hasNames(optimizer)) {
    const own = trainedIn(model).map(i => places[i]);
    const isSame = JSON.stringify(own) === JSON.stringify(trained);
    check(isSame, caller, 'model', `to have the weights ${list(trained)} trained`, list(own), SAME_FROZEN);
    checkSlots(caller, model, tensors);
    restoreOptimizer(optimizer, tensors);
    return;
  }
  const own = namesIn(weights);
  const renamed = new Map(own.map((name, i) => [variables[places[i]], name]));
  await optimizer.setWeights(
    tensors.map(({name, tensor}) => ({name: inNames(renamed, name), tensor})) as NamedTensor[],
  );
  if (learningRate !== undefined && learningRate !== orNothing(() => learningRateOf(optimizer))) {
    (optimizer as unknown as {learningRate: number}).learningRate = learningRate;
  }
}

const SAME_FROZEN = 'resume with the same layers frozen, or train with a LargeMarginOptimizer';

function list(places: number[]): string {
  return places.join(', ') || 'none';
}

/** The places of a compiled model's trained weights, among all. */
function trainedIn(model: LayersModel): number[] {
  const all: unknown[] = model.weights;
  return internalsOf(trainedModel(model)).collectedTrainableWeights.map(weight => all.indexOf(weight));
}

/** Optimizers with names for their slots keep them by those; of tfjs's own, the whole state is taken by position. */
function hasNames(optimizer: Optimizer): boolean {
  return optimizer.getClassName() === 'LargeMarginOptimizer';
}

/** Slots are the first for the first trained weight, and so on: a list that ends early belongs to something else. */
function checkSlots(caller: string, model: LayersModel, tensors: NamedTensor[]): void {
  const shapes = internalsOf(trainedModel(model)).collectedTrainableWeights.map(
    weight => weight.read().shape,
  );
  const slots = new Map<string, Array<[number, number[]]>>();
  for (const {name, tensor} of tensors) {
    const [, field, place] = /^([^/]+)\/(\d+)\//.exec(name) ?? [];
    if (field) slots.set(field, [...(slots.get(field) ?? []), [Number(place), tensor.shape]]);
  }
  for (const [field, list] of slots) {
    const got = list.sort(([a], [b]) => a - b).map(([, shape]) => shape);
    const fits = JSON.stringify(got.slice(0, shapes.length)) === JSON.stringify(shapes);
    const wanted = `to have slots of the shapes ${JSON.stringify(shapes)} in ${field}`;
    check(fits, caller, 'the checkpoint', wanted, got, SAME_FROZEN);
  }
}

function namesIn(weights: LayersModel['weights']): string[] {
  return weights.map(weight => (weight.read() as unknown as {name: string}).name);
}

/** `<variable>/<slot>` and `largeMargin/<variable>/<sum>` with the variable's name of this process. */
function inNames(renamed: Map<string, string>, name: string): string {
  const [, prefix = '', variable, rest] = /^(largeMargin\/)?(.+)(\/[^/]+)$/.exec(name) ?? [];
  const own = renamed.get(variable);
  return own === undefined ? name : prefix + own + rest;
}

/** The rate is left out: the one inside an adapter is of the step before, and in a new process of none. */
function configOf(optimizer: Optimizer): Json | undefined {
  const isRate = (key: string, value: unknown) => key === 'learningRate' && typeof value === 'number';
  return orNothing(() => {
    const text = JSON.stringify(optimizer.getConfig(), (key, value: Json) =>
      isRate(key, value) ? undefined : value,
    );
    return JSON.parse(text) as Json;
  });
}

/** An adapter around an optimizer that has no learning rate throws when it is asked, and so does one without options. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
