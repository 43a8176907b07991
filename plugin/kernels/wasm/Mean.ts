import {Mean} from '@tensorflow/tfjs-core';
import {meanSlope} from '../mean_slope.js';
import {isTaped} from '../off_tape.js';
import {sumKernel} from './sum_kernel.js';
import {isWasm} from './wasm_backend.js';
import type {WasmKernel} from './wasm_kernel.js';

/** Means, as of batch statistics, and their gradient; a second derivative goes through tfjs's own. */
export const mean: WasmKernel = {
  ...sumKernel(Mean, true),
  gradient: {
    of: Mean,
    replace: stock => ({
      ...stock,
      gradFunc: (dy, saved, attrs) =>
        isWasm() && !isTaped() && saved[0].size > 0
          ? {x: () => meanSlope(dy as (typeof saved)[0], saved[0], attrs)}
          : stock.gradFunc(dy, saved, attrs),
    }),
  },
};
