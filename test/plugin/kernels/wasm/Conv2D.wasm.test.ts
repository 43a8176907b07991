import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import '../../../../plugin/kernels/wasm/index.js';
import {convCases, DILATED_CONVS, EMPTY_CONVS, LARGE_CONVS} from '../../../support/conv_cases.js';
import {convOf, errorOfConv, type ConvKernel} from '../../../support/conv_kernel_suite.js';
import {convolution, outShapeOf, type Conv} from '../../../support/conv_oracles.js';
import {callKernel, errorOf, expectRunsOn} from '../../../support/wasm_calls.js';
import {runningWasm, startWasmOn} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

/** float32 sums of up to 800 terms, relative to the largest. */
const BOUND = 2e-6;

const conv2D: ConvKernel = {
  name: tf.Conv2D,
  inputs: ({x, filter}) => ({x, filter}),
  attrs: ({strides, pad, dilations = [1, 1]}) => ({strides, pad, dilations, dataFormat: 'NHWC'}),
  shape: outShapeOf,
  expected: convolution,
};

const POINTWISE: Conv[] = [
  {x: [2, 5, 7, 9], filter: [1, 1, 9, 13], strides: [1, 1], pad: 'same'},
  {x: [1, 33, 9, 16], filter: [1, 1, 16, 24], strides: [1, 1], pad: 'valid'},
  // As large as x, and yet its pixels are not those of x: the second row and column lie in the padding.
  {
    ...{x: [1, 2, 2, 4], filter: [1, 1, 4, 5], strides: [2, 2]},
    pad: [
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ],
  } as Conv,
];

describe.each(['simd', 'relaxed-simd'] as const)('Conv2D on %s', way => {
  beforeAll(async () => {
    await startWasmOn(way);
    expectRunsOn(tf.Conv2D, way);
  });

  it('is that of float64 for kernels 1 to 7, strides 1 to 3, all paddings and odd channels', () => {
    const errors = convCases().map(conv => errorOfConv(conv2D, conv));
    console.log(
      `Conv2D on ${way}: worst error ${Math.max(...errors).toExponential(1)} of ${errors.length} cases`,
    );
    expect(Math.max(...errors)).toBeLessThan(BOUND);
  });

  it.each([...LARGE_CONVS, ...DILATED_CONVS, ...POINTWISE])(
    'is that of float64 for $x, filter $filter, strides $strides, dilations $dilations',
    conv => {
      expect(errorOfConv(conv2D, conv)).toBeLessThan(BOUND);
    },
  );

  it.each(EMPTY_CONVS)('is 0, or empty, without terms: $x, filter $filter', conv => {
    expect(errorOfConv(conv2D, conv)).toBe(0);
  });

  it.each([NaN, Infinity, -Infinity])(
    'carries %s of a picture to the values that it is a term of',
    spoilt => {
      const conv: Conv = {x: [2, 6, 7, 5], filter: [3, 2, 5, 9], strides: [1, 1], pad: 'same'};
      const {values, expected} = convOf(conv2D, conv, x => void (x[9] = spoilt));
      expect(errorOf(values, expected)).toBeLessThan(BOUND);
    },
  );

  it('leaves pictures in another order to tfjs, which refuses them', () => {
    const [x, filter] = [tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 4, 2])];
    const attrs = {strides: [1, 1], pad: 'same', dilations: [1, 1], dataFormat: 'NCHW'};
    expect(() => callKernel(tf.Conv2D, {x, filter}, attrs)).toThrow('channelsLast');
    tf.dispose([x, filter]);
  });

  it('leaves neither tensor nor memory behind', () => {
    expectNothingHeld(runningWasm(), () => {
      for (const conv of [...convCases().slice(0, 12), ...EMPTY_CONVS]) errorOfConv(conv2D, conv);
    });
  });
});
