import {appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type * as tf from '@tensorflow/tfjs';

/** Writes a run's files so that an interrupted run leaves whole ones: lines are appended, the rest is renamed in. */
export class Recorder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = resolve(folder);
    mkdirSync(join(this.folder, 'models'), {recursive: true});
    writeFileSync(join(this.folder, 'metrics.jsonl'), '');
  }

  /** Adds one line to metrics.jsonl. */
  metric(values: Record<string, unknown>): void {
    appendFileSync(join(this.folder, 'metrics.jsonl'), `${JSON.stringify(values)}\n`);
  }

  json(name: string, value: unknown): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.partial`, `${JSON.stringify(value, null, 1)}\n`);
    renameSync(`${path}.partial`, path);
  }

  /** Saves a model, as always a folder with model.json and weights.bin, in one rename. */
  async model(name: string, model: tf.LayersModel): Promise<void> {
    const path = join(this.folder, 'models', name);
    rmSync(`${path}.partial`, {recursive: true, force: true});
    await saveModel(model, `${path}.partial`);
    // Whole at every moment: the old folder steps aside before the new one takes its place.
    rmSync(`${path}.old`, {recursive: true, force: true});
    if (existsSync(path)) renameSync(path, `${path}.old`);
    renameSync(`${path}.partial`, path);
    rmSync(`${path}.old`, {recursive: true, force: true});
  }
}

/** The two files of a tfjs model, on every backend (the file:// handler comes with the native engine only). */
async function saveModel(model: tf.LayersModel, folder: string): Promise<void> {
  mkdirSync(folder, {recursive: true});
  await model.save({
    async save(artifacts) {
      const {weightData, weightSpecs, ...rest} = artifacts;
      const buffers = [weightData as ArrayBuffer | ArrayBuffer[]].flat().map(buffer => Buffer.from(buffer));
      const weightsManifest = [{paths: ['weights.bin'], weights: weightSpecs}];
      writeFileSync(join(folder, 'weights.bin'), Buffer.concat(buffers));
      writeFileSync(join(folder, 'model.json'), JSON.stringify({...rest, weightsManifest}));
      return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
    },
  });
}
