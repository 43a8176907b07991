import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {test} from 'node:test';
import {packedProject} from './packed.mjs';

const project = await packedProject();
const tsc = resolve('node_modules/typescript/bin/tsc');

// tfjs 4.22's own typings do not compile under strict, hence skipLibCheck.
const strict = {
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
};
const kinds = {
  NodeNext: {module: 'nodenext'},
  bundler: {module: 'esnext', moduleResolution: 'bundler'},
};

function compile(kind, text) {
  const [program, settings] = [`user_${kind}.ts`, `tsconfig.${kind}.json`].map(name =>
    join(project.folder, name),
  );
  writeFileSync(program, text);
  writeFileSync(settings, JSON.stringify({compilerOptions: {...strict, ...kinds[kind]}, files: [program]}));
  const {status, stdout} = spawnSync(process.execPath, [tsc, '-p', settings], {encoding: 'utf8'});
  return {status, stdout};
}

for (const kind of Object.keys(kinds)) {
  test(`a user's program compiles with module resolution ${kind}`, () => {
    const {status, stdout} = compile(
      kind,
      `import * as tf from '@tensorflow/tfjs';
       import {LargeMarginModel, type MarginOptions} from 'tfjs-large-margin';
       import {chooseBackend, type BackendChoice} from 'tfjs-large-margin/node';
       import {wasmKernelReport, type WasmKernelReport} from 'tfjs-large-margin/wasm';
       const options: MarginOptions = {gamma: 1, layers: ['input', {name: 'conv', norm: 'linf'}]};
       const base: tf.LayersModel = tf.sequential();
       export const model: tf.LayersModel = new LargeMarginModel(base, options);
       export const choice: Promise<BackendChoice> = chooseBackend({prefer: 'wasm'});
       export const report: WasmKernelReport[] = wasmKernelReport();`,
    );
    assert.equal(status, 0, stdout);
  });

  test(`a wrong option is refused by the types with module resolution ${kind}`, () => {
    const {status, stdout} = compile(
      kind,
      `import type {MarginOptions} from 'tfjs-large-margin';
       export const options: MarginOptions = {gamma: 1, norm: 'l3'};`,
    );
    assert.notEqual(status, 0);
    assert.match(stdout, /TS2322/);
  });
}
