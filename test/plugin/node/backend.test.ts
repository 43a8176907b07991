import {getBackend} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {BackendError, chooseBackend, describeBackend} from '../../../plugin/node/backend.js';

describe('chooseBackend', () => {
  it('takes tfjs-node where it works, and names what it passed over', async () => {
    const choice = await chooseBackend();
    expect(getBackend()).toBe('tensorflow');
    expect(choice).toEqual({
      backend: 'tensorflow',
      package: '@tensorflow/tfjs-node',
      version: expect.stringMatching(/^4\./),
      skipped: [{package: '@tensorflow/tfjs-node-gpu', reason: 'not installed'}],
    });
  });

  it('throws when the preferred engine is not there, naming it and the way out', async () => {
    const error = await chooseBackend({prefer: 'tfjs-node-gpu'}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BackendError);
    expect((error as BackendError).message).toBe(
      'chooseBackend: no engine could be started (@tensorflow/tfjs-node-gpu: not installed); ' +
        "install it with its makers' addon, or prefer 'tfjs-node'",
    );
    expect((error as BackendError).skipped).toEqual([
      {package: '@tensorflow/tfjs-node-gpu', reason: 'not installed'},
    ]);
  });

  it('leaves the backend as it was when the preferred engine is not there', async () => {
    await expect(chooseBackend({prefer: 'tfjs-node-gpu'})).rejects.toThrow(BackendError);
    expect(getBackend()).toBe('tensorflow');
  });

  it('refuses an engine it does not know, listing those it knows', async () => {
    await expect(chooseBackend({prefer: 'webgl' as 'cpu'})).rejects.toThrow(
      'chooseBackend: expected prefer to be one of tfjs-node-gpu, tfjs-node, wasm, cpu, got webgl',
    );
  });
});

describe('describeBackend', () => {
  const node = {backend: 'tensorflow', package: '@tensorflow/tfjs-node', version: '4.22.0', skipped: []};

  it('is one short line for the native engine', () => {
    const skipped = [{package: '@tensorflow/tfjs-node-gpu', reason: 'not installed'}];
    expect(describeBackend({...node, skipped})).toBe('backend tensorflow (@tensorflow/tfjs-node 4.22.0)');
  });

  it('names an installed engine that does not work, with its reason', () => {
    const skipped = [{package: '@tensorflow/tfjs-node-gpu', reason: 'libcudart.so.11.0: cannot open'}];
    expect(describeBackend({...node, skipped})).toMatch(
      /; @tensorflow\/tfjs-node-gpu does not work: libcudart\.so\.11\.0: cannot open$/,
    );
  });

  const wasm = {...node, backend: 'wasm', package: '@tensorflow/tfjs-backend-wasm'};
  const faster = '`npx tfjs-large-margin native` sets up a faster engine';

  it('says for wasm what it trains with, and how to get a faster engine', () => {
    expect(describeBackend({...wasm, training: {runsOn: 'simd', slow: []}})).toBe(
      `backend wasm (@tensorflow/tfjs-backend-wasm 4.22.0); trains all but 3-D convolutions, with SIMD; ${faster}`,
    );
  });

  it('says for cpu that it trains everything, slowly', () => {
    const cpu = {...node, backend: 'cpu', package: '@tensorflow/tfjs-backend-cpu'};
    expect(describeBackend(cpu)).toBe(
      `backend cpu (@tensorflow/tfjs-backend-cpu 4.22.0); trains everything, slowly; ${faster}`,
    );
  });
});
