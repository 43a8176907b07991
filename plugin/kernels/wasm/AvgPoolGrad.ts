import {
  AvgPoolGrad,
  div,
  engine,
  ones,
  randomUniform,
  zeros,
  type NamedAttrMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {GEOMETRY_BYTES, writeGeometry} from './conv_geometry.js';
import {POOL_SAMPLES, poolInfo, type PoolAttrs} from './pool_geometry.js';
import {makeTensor, pointerTo} from './wasm_backend.js';
import type {KernelCall, WasmKernel} from './wasm_kernel.js';
import {amongWindows, isOnPicture, pixelsAt, putBack, sumOf, windowsWith, windowTaps} from './window_taps.js';

type Call = KernelCall<PoolAttrs>;

/** The slope of an average pool; tfjs's own divides by the whole window where a part of it lies beside the picture. */
export const avgPoolGrad: WasmKernel = {
  name: AvgPoolGrad,
  run: ({inputs, attrs, backend}: Call, module) => {
    const info = poolInfo(AvgPoolGrad, inputs, attrs);
    const making = {kernelName: AvgPoolGrad, shape: inputs.input.shape, scratchBytes: GEOMETRY_BYTES};
    return makeTensor(backend, making, (output, geometry) => {
      writeGeometry(module.memory, geometry, info);
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
  sample: () =>
    POOL_SAMPLES.map(({input: shape, dy: outShape, ...attrs}, i) => {
      const input = zeros(shape);
      const dy = randomUniform(outShape, -1, 1, 'float32', 1 + i);
      return engine().runKernel(AvgPoolGrad, {dy, input}, attrs as unknown as NamedAttrMap) as Tensor;
    }),
};
