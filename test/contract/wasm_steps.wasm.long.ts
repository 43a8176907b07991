import {it} from 'vitest';
import {expectAllRunOn} from '../support/wasm_calls.js';
import {expectSteadyTraining} from '../support/wasm_steps.js';

it('trains 10,000 steps with margins and holds not a tensor, a block or a page of the heap more', async () => {
  expectAllRunOn('simd', 'relaxed-simd');
  await expectSteadyTraining(10_000);
});
