import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {endedWell, packedProject, projectWith, PURE_TFJS} from './packed.mjs';

const project = await packedProject();
const pure = projectWith(project, PURE_TFJS);

// Bright above or bright below: 32 pictures of 8 x 8 pixels.
const convnet = `
const base = tf.sequential({layers: [
  tf.layers.conv2d({inputShape: [8, 8, 1], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', name: 'conv'}),
  tf.layers.maxPooling2d({poolSize: 2}),
  tf.layers.flatten(),
  tf.layers.dense({units: 2}),
]});
const y = tf.oneHot(tf.tensor1d(Array.from({length: 32}, (_, i) => i % 2), 'int32'), 2);
const halves = tf.tensor(Float32Array.from({length: 2048}, (_, i) => ((i >> 6) % 2 === (i >> 5) % 2 ? 0.8 : 0)), [32, 8, 8, 1]);
const x = tf.add(halves, tf.randomUniform([32, 8, 8, 1], 0, 0.2, 'float32', 7));
const model = new LargeMarginModel(base, {gamma: 0.5, layers: ['input', 'conv']});
model.compile({optimizer: tf.train.adam(0.01), metrics: ['accuracy']});
const before = tf.memory().numTensors;
const {history} = await model.fit(x, y, {epochs: 30, batchSize: 8, verbose: 0});
const {loss, acc} = history;
const result = {backend: tf.getBackend(), loss: [loss[0], loss.at(-1)], accuracy: acc.at(-1)};`;

function trained(file, text) {
  const {stderr, last} = endedWell(pure, file, text);
  const found = JSON.parse(last);
  assert.equal(found.backend, 'wasm');
  assert.equal(found.accuracy, 1);
  assert.ok(found.loss[1] < found.loss[0] / 2, `loss ${found.loss}`);
  return {...found, stderr};
}

test('a convnet trains on wasm in Node with packages of pure npm alone, and stderr stays empty', () => {
  const {slow, stderr} = trained(
    'wasm_train.mjs',
    `import * as tf from '@tensorflow/tfjs-core';
     import * as layers from '@tensorflow/tfjs-layers';
     import {LargeMarginModel} from 'tfjs-large-margin';
     import {wasmKernelReport} from 'tfjs-large-margin/wasm';
     await tf.setBackend('wasm');
     ${convnet.replaceAll('tf.sequential', 'layers.sequential').replaceAll('tf.layers', 'layers.layers')}
     const slow = wasmKernelReport().filter(({runsOn}) => runsOn === 'operations');
     console.log(JSON.stringify({...result, slow}));`,
  );
  assert.deepEqual(slow, []);
  assert.equal(stderr, '');
});

test('chooseBackend takes wasm there, with its kernels, and says how to get the faster engine', () => {
  const {line} = trained(
    'wasm_chosen.mjs',
    `import * as tf from '@tensorflow/tfjs';
     import {LargeMarginModel} from 'tfjs-large-margin';
     import {chooseBackend, describeBackend} from 'tfjs-large-margin/node';
     const line = describeBackend(await chooseBackend());
     ${convnet}
     console.log(JSON.stringify({...result, line}));`,
  );
  assert.match(
    line,
    /^backend wasm .*; trains all but 3-D convolutions, with (relaxed )?SIMD; `npx .* native` sets up/,
  );
});

test('doctor says there that it will run on wasm, which trains all but 3-D convolutions', () => {
  const file = join(pure.folder, 'node_modules/tfjs-large-margin/scripts/cli.mjs');
  const {stdout} = endedWell(
    pure,
    'doctor.mjs',
    `process.argv.splice(2, 0, 'doctor'); await import(${JSON.stringify(file)});`,
  );
  assert.match(stdout, /tfjs-backend-wasm +4\.22\.0 works, trains all but 3-D convolutions\n/);
  assert.match(stdout, /Will run on: @tensorflow\/tfjs-backend-wasm \(backend wasm\)\n/);
});

test('the script for pages, both modules in it, does not grow: the goal of 12 kB gzipped is still missed', t => {
  const file = join(project.installed, 'dist/large-margin-wasm.umd.min.js');
  const bytes = gzipSync(readFileSync(file), {level: 9}).length;
  t.diagnostic(`large-margin-wasm.umd.min.js: ${bytes.toLocaleString('en')} bytes gzipped; goal 12,288`);
  assert.ok(bytes <= 20_480, `${bytes} bytes`);
});
