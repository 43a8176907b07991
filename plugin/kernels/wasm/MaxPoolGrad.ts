import {
  engine,
  equal,
  fill,
  less,
  logicalAnd,
  logicalOr,
  MaxPoolGrad,
  notEqual,
  ones,
  randomUniform,
  where,
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

/** The slope of a max pool, at the first maximum of each window; tfjs's own loses windows without a number above 0. */
export const maxPoolGrad: WasmKernel = {
  name: MaxPoolGrad,
  run: ({inputs: {dy, input}, attrs, backend}: Call, module) => {
    const info = poolInfo(MaxPoolGrad, {dy, input}, attrs);
    const making = {kernelName: MaxPoolGrad, shape: input.shape, scratchBytes: GEOMETRY_BYTES};
    return makeTensor(backend, making, (output, geometry) => {
      writeGeometry(module.memory, geometry, info);
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
  sample: () =>
    POOL_SAMPLES.map(({input: shape, dy: outShape, ...attrs}, i) => {
      const input = randomUniform(shape, -1, 0.5, 'float32', 9 + i);
      const dy = randomUniform(outShape, -1, 1, 'float32', 1 + i);
      const inputs = {dy, input, output: zeros(outShape)};
      return engine().runKernel(MaxPoolGrad, inputs, attrs as unknown as NamedAttrMap) as Tensor;
    }),
};
