import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {explainFailure} from '../../../scripts/native/compile.mjs';
import {ensureNative} from '../../../scripts/native/index.mjs';
import {probe} from '../../../scripts/native/probe.mjs';

const NODE = '@tensorflow/tfjs-node';
let project: string;
beforeEach(() => (project = mkdtempSync(join(tmpdir(), 'large-margin-probe-'))));
afterEach(() => rmSync(project, {recursive: true, force: true}));

function install(name: string, version: string, program: string) {
  const folder = join(project, 'node_modules', name);
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'package.json'), JSON.stringify({name, version, main: 'main.js'}));
  writeFileSync(join(folder, 'main.js'), program);
}

// As much of tfjs as the probe asks for; its tensors are plain arrays.
const working = (sum: string) => `
  module.exports = {ready: async () => {}, tensor1d: values => values, getBackend: () => 'tensorflow',
    backend: () => ({binding: {TF_Version: '2.15.1'}}), add: (a, b) => ({dataSync: () => [${sum}]})};`;

describe('probe', () => {
  it('finds an engine that computes', async () => {
    install(NODE, '4.22.0', working('a[0] + b[0]'));
    expect(await probe(NODE, project)).toEqual({
      package: NODE,
      state: 'works',
      version: '4.22.0',
      backend: 'tensorflow',
      library: '2.15.1',
    });
  });

  it.each([
    ['is not installed', null, 'missing', 'not installed'],
    ['throws while loading', `throw new Error('no addon\\n at length')`, 'broken', 'no addon'],
    ['kills its process', `process.kill(process.pid, 'SIGSEGV')`, 'broken', 'ended by SIGSEGV'],
    ['computes something else', working('4'), 'broken', '1 + 2 gave 4'],
  ])('says of an engine that %s so', async (_, program, state, reason) => {
    if (program !== null) install(NODE, '4.22.0', program);
    expect(await probe(NODE, project)).toEqual({package: NODE, state, reason});
  });
});

describe('ensureNative', () => {
  const run = () => ensureNative({from: project, report: {line: () => true, stage: async () => {}}});

  it('does nothing where tfjs-node-gpu works', async () => {
    install(`${NODE}-gpu`, '4.22.0', working('a[0] + b[0]'));
    expect((await run()).package).toBe(`${NODE}-gpu`);
  });

  it('says how to install tfjs-node where it is missing', async () => {
    await expect(run()).rejects.toThrow(
      '@tensorflow/tfjs-node is not installed here: run ' +
        '`npm install --ignore-scripts @tensorflow/tfjs-node@4.22.0`, then this again.',
    );
  });

  it('leaves a tfjs-node alone that it was not proven for', async () => {
    install(NODE, '3.0.0', `throw new Error('no addon')`);
    await expect(run()).rejects.toThrow(
      '@tensorflow/tfjs-node is 3.0.0 here, and the set-up is proven for 4.22.0',
    );
  });
});

describe('explainFailure', () => {
  it('quotes the first error of the compiler', () => {
    const output = 'make: Entering\n../binding/a.cc:3:5: error: no such thing\nother\nmake: *** error: 1';
    expect(explainFailure(output, 'compile.log', true)).toBe(
      'Compiling the addon failed (../binding/a.cc:3:5: error: no such thing): ' +
        'see compile.log, mend the cause and run this again.',
    );
  });

  it("tells apart that Node's headers could not be downloaded", () => {
    const output = 'gyp ERR! stack FetchError: request failed, reason: getaddrinfo ENOTFOUND';
    expect(explainFailure(output, 'compile.log', false)).toMatch(
      /^Node's headers are not beside Node and could not/,
    );
  });
});
