import {mkdirSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {engine, engineLabel} from '../../support/engine.js';
import {firstPictures} from './mnist.js';
import {EXAMPLES, logitsOf, netNames, storedLogits, storedNet, type NetName} from './nets.js';
import {trainNet} from './train_net.js';

const BAR = 1e-5;
const CHECKED = engine === 'native' ? EXAMPLES : 100;
const CLEAN = {cross_entropy: 0.96, large_margin: 0.95};

// No test: it writes what the tests read.
if (process.env.LARGE_MARGIN_UPDATE) it.each(netNames)('trains and stores %s', make, 1_200_000);

describe(`the attacked nets on ${engineLabel}`, () => {
  it.each(netNames)(`give the stored logits to ${BAR} of the largest: %s`, async name => {
    const net = await storedNet(name);
    const {x, labels} = firstPictures('t10k', CHECKED);
    const ours = tf.tidy(() => logitsOf(net)(x).dataSync());
    const stored = storedLogits(name).subarray(0, ours.length);
    const largest = stored.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const apart = Math.max(...ours.map((value, i) => Math.abs(value - stored[i]))) / largest;
    console.log(
      `${name} on ${engineLabel}: logits to ${largest.toFixed(1)}, ${apart.toExponential(1)} apart`,
    );
    expect(apart).toBeLessThanOrEqual(BAR);
    net.dispose();
    tf.dispose([x, labels]);
  });

  it.each(netNames)('know digits: %s', name => {
    const {x, labels} = firstPictures('t10k', EXAMPLES);
    const right = tf.tidy(() => {
      const logits = tf.tensor2d(storedLogits(name), [EXAMPLES, 10]);
      return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'int32')).dataSync()[0];
    });
    expect(right / EXAMPLES).toBeGreaterThanOrEqual(CLEAN[name]);
    tf.dispose([x, labels]);
  });
});

async function make(name: NetName): Promise<void> {
  const net = await trainNet(name);
  const {x, labels} = firstPictures('t10k', EXAMPLES);
  await write(name, net, Float32Array.from(logitsOf(net)(x).dataSync()));
  tf.dispose([x, labels]);
  net.dispose();
}

async function write(name: NetName, net: LayersModel, logits: Float32Array): Promise<void> {
  const at = (file: string) => fileURLToPath(new URL(`./${name}/${file}`, import.meta.url));
  const save = async ({weightData, weightSpecs, ...rest}: tf.io.ModelArtifacts) => {
    mkdirSync(at(''), {recursive: true});
    const weightsManifest = [{paths: ['weights.bin'], weights: weightSpecs}];
    writeFileSync(at('model.json'), `${JSON.stringify({...rest, weightsManifest})}\n`);
    writeFileSync(at('weights.bin'), new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
    writeFileSync(at('logits.bin'), new Uint8Array(logits.buffer));
    return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON' as const}};
  };
  await net.save({save});
}
