import assert from 'node:assert/strict';
import {test} from 'node:test';
import {endedWell, packedProject, projectWith, runUserProgram} from './packed.mjs';

const project = await packedProject();

const lastLine = (...program) => JSON.parse(endedWell(...program).last);

test('import and require give the same classes: no second copy is registered', () => {
  const found = lastLine(
    project,
    'same.mjs',
    `import {createRequire} from 'node:module';
     import * as imported from 'tfjs-large-margin';
     const required = createRequire(import.meta.url)('tfjs-large-margin');
     const names = Object.keys(imported).filter(name => typeof imported[name] === 'function');
     const different = names.filter(name => imported[name] !== required[name]);
     console.log(JSON.stringify({model: typeof imported.LargeMarginModel, different}));`,
  );
  assert.deepEqual(found, {model: 'function', different: []});
});

test('the main entry loads neither an engine nor a module of Node', () => {
  const found = lastLine(
    project,
    'light.mjs',
    `import {getBackend, engine} from '@tensorflow/tfjs-core';
     import 'tfjs-large-margin';
     console.log(JSON.stringify(Object.keys(engine().registryFactory)));`,
  );
  assert.deepEqual(found, []);
});

test('a net of a user trains with LargeMarginModel on the cpu backend', () => {
  const found = lastLine(
    project,
    'train.mjs',
    `import * as tf from '@tensorflow/tfjs';
     import {LargeMarginModel} from 'tfjs-large-margin';
     await tf.setBackend('cpu');
     const base = tf.sequential({layers: [
       tf.layers.dense({inputShape: [4], units: 8, activation: 'relu'}), tf.layers.dense({units: 3})]});
     const model = new LargeMarginModel(base, {gamma: 1});
     model.compile({optimizer: 'sgd'});
     const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3);
     const {history} = await model.fit(tf.randomUniform([6, 4], 0, 1, 'float32', 7), y, {epochs: 1, verbose: 0});
     console.log(JSON.stringify({keys: Object.keys(history), finite: Number.isFinite(history.loss[0])}));`,
  );
  assert.equal(found.finite, true);
  assert.ok(found.keys.includes('margin'), `history has ${found.keys}`);
});

test('the entry ./node chooses an engine and says which', () => {
  const found = lastLine(
    project,
    'node_entry.mjs',
    `import {chooseBackend, describeBackend} from 'tfjs-large-margin/node';
     console.log(JSON.stringify(describeBackend(await chooseBackend({prefer: 'cpu'}))));`,
  );
  assert.match(found, /^backend cpu /);
});

test('the entry ./node needs no engine to be imported: cpu is taken where it is the only one', () => {
  const found = lastLine(
    projectWith(project, ['tfjs-core', 'tfjs-layers', 'tfjs-backend-cpu']),
    'only_cpu.mjs',
    `import {chooseBackend} from 'tfjs-large-margin/node';
     const {backend, skipped} = await chooseBackend();
     console.log(JSON.stringify([backend, ...skipped.map(({reason}) => reason)]));`,
  );
  assert.deepEqual(found, ['cpu', 'not installed', 'not installed', 'not installed']);
});

test('paths inside the package are closed', () => {
  const {status, stderr} = runUserProgram(
    project,
    'deep.mjs',
    `import 'tfjs-large-margin/dist/src/index.js';`,
  );
  assert.notEqual(status, 0);
  assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
});
