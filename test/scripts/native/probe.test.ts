import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {explainFailure} from '../../../scripts/native/compile.mjs';
import {ensureNative, readArguments} from '../../../scripts/native/index.mjs';
import type {inspectMachine} from '../../../scripts/native/machine.mjs';
import {probe} from '../../../scripts/native/probe.mjs';
import {SetupError} from '../../../scripts/native/setup_error.mjs';

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

describe('ensureNative for a GPU', () => {
  const machine = {platform: 'linux', arch: 'x64', glibc: true, nodeMajor: 20, nodeVersion: '20.20.2'};
  const tools = {compiler: true, make: true, python: {command: 'no-python', version: '3.11', pip: true}};
  const inspect = async () => ({...machine, ...tools, nodeHeaders: '/usr', nvidiaDriver: null});
  const run = (more = {}) =>
    ensureNative({
      ...{from: project, gpu: true, inspect: inspect as typeof inspectMachine},
      ...{report: {line: () => true, stage: async () => {}}, ...more},
    });

  it('is not content with the engine of the CPU, and says how to install the other', async () => {
    install(NODE, '4.22.0', working('a[0] + b[0]'));
    await expect(run()).rejects.toThrow(
      '@tensorflow/tfjs-node-gpu is not installed here: run ' +
        '`npm install --ignore-scripts @tensorflow/tfjs-node-gpu@4.22.0`, then this again.',
    );
  });

  it('downloads nothing where no driver is loaded', async () => {
    install(`${NODE}-gpu`, '4.22.0', `throw new Error('no addon')`);
    await expect(run()).rejects.toThrow('No NVIDIA driver is loaded');
  });

  it('tells whether the engine that works has a GPU', async () => {
    install(
      `${NODE}-gpu`,
      '4.22.0',
      working('a[0] + b[0]').replace('binding:', 'isUsingGpuDevice: false, binding:'),
    );
    expect(await run()).toMatchObject({package: `${NODE}-gpu`, state: 'works', gpu: false});
    install(
      `${NODE}-gpu`,
      '4.22.0',
      working('a[0] + b[0]').replace('binding:', 'isUsingGpuDevice: true, binding:'),
    );
    expect(await run()).toMatchObject({gpu: true});
  });
});

describe("the command's arguments", () => {
  it('are --gpu, and with it --without-driver', () => {
    expect(readArguments([])).toEqual({gpu: false, withoutDriver: false});
    expect(readArguments(['--gpu'])).toEqual({gpu: true, withoutDriver: false});
    expect(readArguments(['--gpu', '--without-driver'])).toEqual({gpu: true, withoutDriver: true});
  });

  it('are refused in one sentence otherwise', () => {
    expect(() => readArguments(['--gpus'])).toThrow(/'--gpus'.*known: --gpu, --without-driver/);
    expect(() => readArguments(['gpu'])).toThrow(SetupError);
    expect(() => readArguments(['--without-driver'])).toThrow('--without-driver goes with --gpu only.');
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
