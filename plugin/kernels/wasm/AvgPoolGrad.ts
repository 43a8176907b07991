import {AvgPoolGrad, div, ones, zeros} from '@tensorflow/tfjs-core';
import {makeFromPictures} from './conv_geometry.js';
import {poolInfo, samplePools, type PoolAttrs} from './pool_geometry.js';
import {pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';
import {amongWindows, isOnPicture, pixelsAt, putBack, sumOf, windowsWith, windowTaps} from './window_taps.js';

type Call = KernelCall<PoolAttrs>;

/** The slope of an average pool; tfjs's own divides by the whole window where a part of it lies beside the picture. */
export const avgPoolGrad: WasmKernel = {
  name: AvgPoolGrad,
  run: (call: Call, module) => {
    const {inputs, attrs, backend} = call;
    const info = poolInfo(AvgPoolGrad, inputs, attrs);
    const making = {kernelName: AvgPoolGrad, shape: inputs.input.shape};
    return makeFromPictures(call, module, info, making, (output, geometry) => {
      module.poolGrad(0, pointerTo(backend, inputs.dy), output, geometry, info.batchSize);
    });
  },
  compose: ({inputs: {dy, input}, attrs}: Call) => {
    const info = poolInfo(AvgPoolGrad, {dy, input}, attrs);
    if (dy.size === 0 || input.size === 0) return zeros(input.shape);
    const taps = windowTaps(info).filter(isOnPicture);
    const one = ones([1, info.inHeight, info.inWidth, 1]);
    const counts = sumOf(
      taps.map(tap => amongWindows(pixelsAt(one, tap), tap)),
      [1, info.outHeight, info.outWidth, 1],
    );
    const shares = div(dy, counts);
    return sumOf(
      taps.map(tap => putBack(windowsWith(shares, tap), tap)),
      input.shape,
    );
  },
  sample: () => samplePools(AvgPoolGrad),
};
