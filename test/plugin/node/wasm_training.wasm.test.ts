import {expect, it} from 'vitest';
import {describeKernels, tryWasmKernels} from '../../../plugin/node/wasm_training.js';

it('all kernels run on the side module here, and each is as tfjs', async () => {
  const training = await tryWasmKernels();
  expect(training.slow).toEqual([]);
  expect(describeKernels(training)).toMatch(/^trains all but 3-D convolutions, with (relaxed )?SIMD$/);
});

const slow = [
  {name: 'MaxPoolGrad', reason: 'it computed 2 instead of 1'},
  {name: 'AvgPoolGrad', reason: 'no'},
];

it('names the kernels that are slow, with their reasons', () => {
  expect(describeKernels({runsOn: 'relaxed-simd', slow})).toBe(
    'trains all but 3-D convolutions, with relaxed SIMD; slowly: MaxPoolGrad (it computed 2 instead of 1), AvgPoolGrad (no)',
  );
});

it('says why where none runs on the side module', () => {
  const reason = 'this engine has no SIMD';
  const all = slow.map(kernel => ({...kernel, reason}));
  expect(describeKernels({runsOn: 'operations', slow: all})).toBe(
    "trains all but 3-D convolutions, slowly, on tfjs's own operations: this engine has no SIMD",
  );
});
