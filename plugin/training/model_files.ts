import {dispose, io, util, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {Json} from '../callbacks/resumable_callback.js';
import {readTensors} from './tensor_file.js';

/** Files by name. */
export type Files = Record<string, Uint8Array>;

export const MODEL = 'model.json';
export const WEIGHTS = 'weights.bin';

/** A model as tf.loadLayersModel reads it: `model.json` and `weights.bin`, without its optimizer. */
export async function writeModel(model: LayersModel): Promise<Files> {
  let artifacts: io.ModelArtifacts | undefined;
  const take = async (saved: io.ModelArtifacts): Promise<io.SaveResult> => {
    artifacts = saved;
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
  };
  await model.save(io.withSaveHandler(take));
  const {weightData, weightSpecs, ...rest} = artifacts!;
  const manifest = [{paths: [WEIGHTS], weights: weightSpecs}];
  const text = JSON.stringify({...rest, weightsManifest: manifest});
  const bytes = new Uint8Array(io.CompositeArrayBuffer.join(weightData));
  return {[MODEL]: new TextEncoder().encode(text), [WEIGHTS]: bytes};
}

/** Saved weights that fit a model. */
export interface FittingWeights {
  /** For each weight of the model its place among the saved ones. */
  places: number[];
  /** In the order of the model's weights; the caller disposes of them. */
  tensors: Tensor[];
}

/**
 * Reads weights that `writeModel` wrote of a model: by their names where all are there (freezing changes the order of
 * a model's weights), else by their order (tfjs numbers layers without a name).
 *
 * @param json What `model.json` holds.
 * @throws ArgumentError where number, kind or shape of the weights are others, and for damaged files.
 */
export function fitWeights(
  caller: string,
  model: LayersModel,
  json: Json,
  bytes: Uint8Array,
): FittingWeights {
  const saved = readTensors(caller, WEIGHTS, {specs: specsIn(json), bytes});
  try {
    const places = fitPlaces(
      caller,
      model,
      saved.map(({name, tensor: {shape, dtype}}) => ({name, shape, dtype})),
    );
    return {places, tensors: places.map(place => saved[place].tensor)};
  } catch (error) {
    dispose(saved.map(({tensor}) => tensor));
    throw error;
  }
}

/** Gives a model weights, in its order, bit for bit: not by `write`, which would apply a layer's constraint once more. */
export function putWeights({weights}: LayersModel, tensors: Tensor[]): void {
  weights.forEach((weight, i) => (weight.read() as Variable).assign(tensors[i]));
}

interface SavedWeight {
  name: string;
  shape: number[];
  dtype: string;
}

function fitPlaces(caller: string, {weights}: LayersModel, saved: SavedWeight[]): number[] {
  const wayOut = 'resume with the model that was trained';
  const expect = (ok: boolean, expected: string, got: string) =>
    check(ok, caller, 'model', `to have ${expected}`, got, wayOut);
  expect(saved.length === weights.length, `${saved.length} weights`, `${weights.length} weights`);
  const names = saved.map(({name}) => name);
  const own = weights.map(({originalName}) => originalName);
  const isSame = new Set(names).size === names.length && own.every(name => names.includes(name));
  const places = own.map((name, i) => (isSame ? names.indexOf(name) : i));
  weights.forEach(({originalName, shape, dtype}, i) => {
    const wanted = saved[places[i]];
    const isLike = kindOf(originalName) === kindOf(wanted.name) && dtype === wanted.dtype;
    const fits = isLike && util.arraysEqual(shape as number[], wanted.shape);
    expect(fits, `${wanted.name} [${wanted.shape}]`, `${originalName} [${shape}]`);
  });
  return places;
}

function specsIn(json: Json): Json {
  const {weightsManifest} = (json ?? {}) as {weightsManifest?: Array<{weights: Json}>};
  return weightsManifest?.[0]?.weights ?? null;
}

function kindOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/_\d+$/, '');
}
