import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {endedWell, packedProject, runUserProgram} from './packed.mjs';

const project = await packedProject();

for (const file of ['large-margin.umd.js', 'large-margin.umd.min.js']) {
  test(`${file} finds the global tf and makes the global largeMargin`, () => {
    const {last} = endedWell(
      project,
      'umd.mjs',
      // As a script tag would: no module, no exports, no require in sight.
      `import {readFileSync} from 'node:fs';
       import vm from 'node:vm';
       import * as tf from '@tensorflow/tfjs';
       globalThis.tf = tf;
       vm.runInThisContext(readFileSync('node_modules/tfjs-large-margin/dist/${file}', 'utf8'));
       const {LargeMarginModel} = globalThis.largeMargin;
       console.log(typeof LargeMarginModel, Object.create(LargeMarginModel.prototype) instanceof tf.LayersModel);`,
    );
    assert.equal(last, 'function true');
  });
}

for (const file of ['large-margin-wasm.umd.js', 'large-margin-wasm.umd.min.js']) {
  test(`${file} finds the globals tf and tf.wasm, and its kernels run`, () => {
    const {last} = endedWell(
      project,
      'umd_wasm.mjs',
      `import {readFileSync} from 'node:fs';
       import vm from 'node:vm';
       import * as core from '@tensorflow/tfjs-core';
       import * as wasm from '@tensorflow/tfjs-backend-wasm';
       globalThis.tf = {...core, wasm};
       vm.runInThisContext(readFileSync('node_modules/tfjs-large-margin/dist/${file}', 'utf8'));
       await tf.setBackend('wasm');
       const report = largeMarginWasm.wasmKernelReport();
       console.log(JSON.stringify(report.filter(({runsOn}) => runsOn === 'operations')), report.length > 0);`,
    );
    assert.equal(last, '[] true');
  });
}

test('large-margin-wasm.umd.js says which script is missing where it comes before tf-backend-wasm.js', () => {
  const {status, stderr} = runUserProgram(
    project,
    'umd_wasm_first.mjs',
    `import {readFileSync} from 'node:fs';
     import vm from 'node:vm';
     import * as core from '@tensorflow/tfjs-core';
     globalThis.tf = {...core};
     vm.runInThisContext(readFileSync('node_modules/tfjs-large-margin/dist/large-margin-wasm.umd.js', 'utf8'));`,
  );
  assert.equal(status, 1);
  assert.match(stderr, /in a page load tf-backend-wasm\.js before large-margin-wasm\.umd\.js/);
});

for (const name of ['large-margin', 'large-margin-wasm']) {
  for (const file of [`${name}.umd.js`, `${name}.umd.min.js`]) {
    test(`${file} carries the licence and the map to the TypeScript sources`, () => {
      const text = readFileSync(`${project.installed}/dist/${file}`, 'utf8');
      assert.match(text, /@license/);
      const {sources} = JSON.parse(readFileSync(`${project.installed}/dist/${file}.map`, 'utf8'));
      assert.ok(sources.length > 0 && sources.every(source => source.endsWith('.ts')), sources.join(', '));
    });
  }
}
