import {expect, it} from 'vitest';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {trainOnWasm} from '../support/wasm_steps.js';

it('trains 10,000 steps with margins and holds not a tensor, a block or a page of the heap more', async () => {
  expect(wasmKernelReport().every(({runsOn}) => runsOn !== 'operations')).toBe(true);
  const {before, after, losses} = await trainOnWasm(10_000);
  console.log(`${JSON.stringify(after)}; loss ${losses.map(loss => loss.toFixed(3)).join(' to ')}`);
  expect(after).toEqual(before);
  expect(losses[1]).toBeLessThan(losses[0]);
});
