import {dispose, io, util, type Variable} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import type {Json} from '../callbacks/resumable_callback.js';
import {readTensors} from './tensor_file.js';

/** Files by name. */
export type Files = Record<string, Uint8Array>;

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';

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

/**
 * Gives a model the weights that `writeModel` wrote of it, bit for bit: by their names where all are there (freezing
 * changes the order of a model's weights), else by their order (tfjs numbers layers without a name).
 *
 * @throws ArgumentError where number, kind or shape of the weights are others, before anything changes.
 */
export function readWeightsInto(caller: string, model: LayersModel, files: Files): void {
  const {weightsManifest} = JSON.parse(new TextDecoder().decode(files[MODEL])) as {
    weightsManifest: Array<{weights: io.WeightsManifestEntry[]}>;
  };
  const specs = weightsManifest.flatMap(({weights}) => weights);
  const wayOut = 'resume with the model that was trained';
  const {weights} = model;
  const wanted = `to have ${specs.length} weights`;
  check(specs.length === weights.length, caller, 'model', wanted, `${weights.length} weights`, wayOut);
  const places = placesOf(
    specs.map(({name}) => name),
    weights.map(({originalName}) => originalName),
  );
  weights.forEach(({originalName, shape}, i) => {
    const spec = specs[places[i]];
    const fits =
      kindOf(originalName) === kindOf(spec.name) && util.arraysEqual(shape as number[], spec.shape);
    check(
      fits,
      caller,
      'model',
      `to have ${spec.name} [${spec.shape}]`,
      `${originalName} [${shape}]`,
      wayOut,
    );
  });
  // Names of layers in two nested models may be the same.
  const numbered = specs.map((spec, i) => ({...spec, name: String(i)}));
  const tensors = readTensors({specs: numbered as unknown as Json, bytes: files[WEIGHTS]});
  try {
    // Not by `write`, which would apply a layer's constraint once more.
    weights.forEach((weight, i) => (weight.read() as Variable).assign(tensors[places[i]].tensor));
  } finally {
    dispose(tensors.map(({tensor}) => tensor));
  }
}

/** For each name its place among the saved ones. */
function placesOf(saved: string[], names: string[]): number[] {
  const isSame = new Set(saved).size === saved.length && names.every(name => saved.includes(name));
  return names.map((name, i) => (isSame ? saved.indexOf(name) : i));
}

function kindOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/_\d+$/, '');
}
