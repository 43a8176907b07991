import {getBackend, getKernel} from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {chooseBackend, describeBackend} from '../../../plugin/node/backend.js';

// Here and not beside the other tests: this process never loads tfjs-node.
it.each([
  ['cpu', '@tensorflow/tfjs-backend-cpu'],
  ['wasm', '@tensorflow/tfjs-backend-wasm'],
] as const)('prefer %s starts %s and no other', async (prefer, name) => {
  const choice = await chooseBackend({prefer});
  expect(getBackend()).toBe(prefer);
  expect(choice).toEqual({
    ...{backend: prefer, package: name, version: '4.22.0', skipped: []},
    ...(prefer === 'wasm' && {training: {runsOn: expect.stringMatching(/simd$/), slow: []}}),
  });
  expect(describeBackend(choice)).toMatch(`backend ${prefer} (${name} 4.22.0)`);
});

it('with wasm come the kernels that train convolutions', async () => {
  await chooseBackend({prefer: 'wasm'});
  expect(getKernel('Conv2DBackpropFilter', 'wasm')?.kernelFunc).toBeTypeOf('function');
});
