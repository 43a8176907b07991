import {
  equal,
  fill,
  less,
  logicalAnd,
  logicalOr,
  MaxPoolGrad,
  notEqual,
  ones,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import {makeFromPictures} from './conv_geometry.js';
import {poolInfo, samplePools, type PoolAttrs} from './pool_geometry.js';
import {pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';
import {amongWindows, isOnPicture, pixelsAt, putBack, sumOf, windowsWith, windowTaps} from './window_taps.js';

type Call = KernelCall<PoolAttrs>;

/** The slope of a max pool, at the first maximum of each window; tfjs's own loses windows without a number above 0. */
export const maxPoolGrad: WasmKernel = {
  name: MaxPoolGrad,
  run: (call: Call, module) => {
    const {inputs, attrs, backend} = call;
    const {dy, input} = inputs;
    const info = poolInfo(MaxPoolGrad, {dy, input}, attrs);
    const making = {kernelName: MaxPoolGrad, shape: input.shape};
    return makeFromPictures(call, module, info, making, (output, geometry) => {
      const [x, slopes] = [pointerTo(backend, input), pointerTo(backend, dy)];
      module.poolGrad(x, slopes, output, geometry, info.batchSize);
    });
  },
  compose: ({inputs: {dy, input}, attrs}: Call) => {
    const info = poolInfo(MaxPoolGrad, {dy, input}, attrs);
    if (dy.size === 0 || input.size === 0) return zeros(input.shape);
    const taps = windowTaps(info).filter(isOnPicture);
    // Tensors of one shape throughout: tfjs takes its time to broadcast.
    const all = (value: number) => fill(dy.shape, value);
    const none = all(-1);
    let [best, chosen] = [all(0), none];
    taps.forEach((tap, i) => {
      const pixels = pixelsAt(input, tap);
      const values = amongWindows(pixels, tap);
      const isThere = notEqual(amongWindows(ones(pixels.shape), tap), all(0));
      const isTaken = logicalAnd(isThere, logicalOr(equal(chosen, none), less(best, values)));
      best = where(isTaken, values, best);
      chosen = where(isTaken, all(i), chosen);
    });
    const parts = taps.map((tap, i) =>
      putBack(windowsWith(where(equal(chosen, all(i)), dy, all(0)), tap), tap),
    );
    return sumOf(parts, input.shape);
  },
  sample: () => samplePools(MaxPoolGrad),
};
