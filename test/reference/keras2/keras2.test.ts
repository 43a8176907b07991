import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../plugin/register.js';
import {engineLabel, startEngine} from '../../support/engine.js';
import {keras2Cases} from './nets.js';

/** What `keras2.py` adds to: the inputs, and the predictions of both sides. */
interface Predictions {
  shape: number[];
  x: number[];
  tfjs: number[];
  keras?: number[];
}

const BAR = 1e-6;
const isUpdate = Boolean(process.env.LARGE_MARGIN_UPDATE);
const folder = fileURLToPath(new URL('.', import.meta.url));
const at = (...parts: string[]) => folder + parts.join('/');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as never;
const predictions: Record<string, Predictions> = isUpdate ? {} : read(at('predictions.json'));

describe(`what Python's Keras 2 loads, on ${engineLabel}`, () => {
  beforeAll(() => startEngine());

  it.each(keras2Cases)('is what is saved now: $name', async ({name, model, x}) => {
    const {weightData, weightSpecs, ...rest} = await artifactsOf(model());
    const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
    const manifest = [{paths: ['weights.bin'], weights: weightSpecs}];
    const json = JSON.parse(JSON.stringify({...rest, weightsManifest: manifest})) as object;
    if (isUpdate) {
      mkdirSync(at(name), {recursive: true});
      writeFileSync(at(name, 'model.json'), `${JSON.stringify(json)}\n`);
      writeFileSync(at(name, 'weights.bin'), bytes);
      const inputs = x();
      const values = Array.from(inputs.dataSync());
      predictions[name] = {shape: inputs.shape, x: values, tfjs: predict(model(), inputs.shape, values)};
      writeFileSync(at('predictions.json'), `${JSON.stringify(predictions)}\n`);
    }
    expect(json).toEqual(read(at(name, 'model.json')));
    expect(Buffer.from(bytes).equals(readFileSync(at(name, 'weights.bin')))).toBe(true);
    expect(JSON.stringify(json)).not.toMatch(/Large_?Margin/i);
  });

  it.each(keras2Cases)(`predicts here what it predicts there, to ${BAR}: $name`, async ({name}) => {
    const {shape, x, tfjs, keras} = predictions[name];
    const model = await loadLayersModel(stored(name));
    const ours = predict(model, shape, x);
    model.dispose();
    if (isUpdate) return;
    console.log(`${name} on ${engineLabel}: ${apart(ours, keras!).toExponential(1)} from Keras`);
    expect(apart(ours, keras!)).toBeLessThanOrEqual(BAR);
    expect(apart(ours, tfjs)).toBeLessThanOrEqual(BAR);
  });

  it.each(keras2Cases)('would differ if any weight were another: $name', async ({name}) => {
    const {shape, x, tfjs} = predictions[name];
    const model = await loadLayersModel(stored(name));
    for (const weight of model.weights) {
      const value = tf.clone(weight.read());
      const other = tf.add(tf.mul(value, 1.1), 0.01);
      weight.write(other);
      expect(apart(predict(model, shape, x), tfjs), weight.originalName).toBeGreaterThan(10 * BAR);
      weight.write(value);
      tf.dispose([value, other]);
    }
    expect(apart(predict(model, shape, x), tfjs)).toBeLessThanOrEqual(BAR);
    model.dispose();
  });
});

async function artifactsOf(model: LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  const save = async (artifacts: tf.io.ModelArtifacts) => {
    saved = artifacts;
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON' as const}};
  };
  await model.save({save});
  return saved!;
}

function stored(name: string): tf.io.IOHandler {
  const {weightsManifest, ...rest} = read(at(name, 'model.json')) as tf.io.ModelJSON;
  const weightData = new Uint8Array(readFileSync(at(name, 'weights.bin'))).buffer;
  return tf.io.fromMemory({
    ...(rest as object),
    weightSpecs: weightsManifest[0].weights,
    weightData,
  } as tf.io.ModelArtifacts);
}

/** The largest difference; NaN is in no bar. */
function apart(some: number[], others: number[]): number {
  expect(some).toHaveLength(others.length);
  return Math.max(...some.map((value, i) => Math.abs(value - others[i])));
}

function predict(model: LayersModel, shape: number[], values: number[]): number[] {
  return tf.tidy(() => Array.from((model.predict(tf.tensor(values, shape)) as tf.Tensor).dataSync()));
}
