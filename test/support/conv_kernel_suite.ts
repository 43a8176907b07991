import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {convCases, DILATED_CONVS, EMPTY_CONVS, LARGE_CONVS} from './conv_cases.js';
import {outShapeOf, type Conv} from './conv_oracles.js';
import {randoms} from './randoms.js';
import {callKernel, errorOf, expectRunsOn, resultOf} from './wasm_calls.js';
import {runningWasm, startWasmOn, WAYS} from './wasm_engine.js';
import {expectNothingHeld} from './wasm_heap.js';

type Values = Float32Array;
type Spoil = (first: Values, second: Values) => void;

/** A convolution or a slope of one: the kernel, and what it gives in float64. */
export interface ConvKernel {
  name: string;
  /** Shapes of the kernel's two inputs, by name, in the order in which `expected` takes them. */
  inputs: (conv: Conv) => Record<string, number[]>;
  /** The attribute that says the result's shape. */
  attrs: (conv: Conv) => object;
  shape: (conv: Conv) => number[];
  expected: (conv: Conv, first: Values, second: Values) => ArrayLike<number>;
}

/** float32 sums of up to 7,688 terms, relative to the largest; tfjs's convolution adds them up one by one. */
const BOUNDS = {simd: 2e-6, 'relaxed-simd': 2e-6, operations: 1e-5};

/** Tests a slope of convolutions on the side module, both variants, and on tfjs's operations. */
export function testConvSlope(slope: ConvKernel): void {
  describe.each(WAYS)(`${slope.name} on %s`, way => {
    const bound = BOUNDS[way];

    beforeAll(async () => {
      await startWasmOn(way);
      expectRunsOn(slope.name, way);
    });

    it('is that of float64 for kernels 1 to 7, strides 1 to 3, all paddings and odd channels', () => {
      const errors = convCases().map(conv => errorOfConv(slope, conv));
      console.log(
        `${slope.name} on ${way}: worst error ${Math.max(...errors).toExponential(1)} of ${errors.length} cases`,
      );
      expect(Math.max(...errors)).toBeLessThan(bound);
    });

    it.each(LARGE_CONVS)('is that of float64 for more than a block: $x, filter $filter', conv => {
      expect(errorOfConv(slope, conv)).toBeLessThan(bound);
    });

    it.each(DILATED_CONVS)('is that of float64 for dilations $dilations, padding $pad', conv => {
      expect(errorOfConv(slope, conv)).toBeLessThan(bound);
    });

    it.each(EMPTY_CONVS)('is 0, or empty, without terms: $x, filter $filter', conv => {
      expect(errorOfConv(slope, conv)).toBe(0);
    });

    it('is that of float64 for any convolution', () => {
      const upTo = (max: number) => fc.integer({min: 1, max});
      const sizes = fc.tuple(upTo(3), upTo(9), upTo(9), upTo(9), upTo(5), upTo(5), upTo(9), upTo(3), upTo(3));
      fc.assert(
        fc.property(sizes, fc.constantFrom('same', 'valid'), (numbers, pad) => {
          const [batch, height, width, channels, rows, columns, outChannels, ...strides] = numbers;
          const conv = {
            x: [batch, height, width, channels],
            filter: [rows, columns, channels, outChannels],
            strides,
            pad,
          } as Conv;
          const [, outHeight, outWidth] = outShapeOf(conv);
          fc.pre(outHeight > 0 && outWidth > 0);
          expect(errorOfConv(slope, conv)).toBeLessThan(bound);
        }),
        {numRuns: 150, seed: 1},
      );
    });

    it.each([NaN, Infinity, -Infinity])('carries %s to the values that it is a term of', spoilt => {
      const conv: Conv = {x: [2, 6, 7, 5], filter: [3, 2, 5, 9], strides: [1, 1], pad: 'valid'};
      const spoil = [first => void (first[9] = spoilt), (_, second) => void (second[9] = spoilt)] as Spoil[];
      for (const {values, expected} of spoil.map(f => convOf(slope, conv, f))) {
        // The operations multiply the zeros of a padding too: 0 times infinity is NaN.
        const kept = Array.from(expected, (x, i) => (Number.isFinite(values[i]) ? x : values[i]));
        expect(errorOf(values, way === 'operations' ? kept : expected)).toBeLessThan(bound);
      }
    });

    it('loses no NaN at the border', () => {
      const conv: Conv = {x: [1, 5, 5, 3], filter: [3, 3, 3, 4], strides: [2, 2], pad: 'same'};
      const {expected, values} = convOf(slope, conv, (first, second) => {
        first[0] = NaN;
        second[second.length - 1] = Infinity;
      });
      const lost = Array.from(expected).filter((x, i) => Number.isFinite(values[i]) && !Number.isFinite(x));
      expect(lost).toEqual([]);
    });

    it('refuses other types, other sizes and pictures in another order, and leaves nothing behind', () => {
      const conv: Conv = {x: [1, 5, 5, 3], filter: [3, 3, 3, 4], strides: [1, 1], pad: 'valid'};
      const shapes = Object.entries(slope.inputs(conv));
      const refused = (
        message: string | RegExp,
        change: object,
        dtypes = ['float32', 'float32'],
        dy?: number[],
      ) => {
        const inputs = Object.fromEntries(
          shapes.map(([name, shape], i) => [
            name,
            tf.zeros(name === 'dy' && dy ? dy : shape, dtypes[i] as 'float32'),
          ]),
        );
        expectNothingHeld(runningWasm(), () => {
          const run = () => callKernel(slope.name, inputs, {...slope.attrs(conv), ...change});
          expect(run).toThrow(message);
        });
        tf.dispose(inputs);
      };
      const of = ([name, shape]: [string, number[]]) => `${name} to be float32 [${shape}], got int32`;
      refused(`${slope.name}: expected ${of(shapes[0])}`, {}, ['int32', 'float32']);
      refused(`${slope.name}: expected ${of(shapes[1])}`, {}, ['float32', 'int32']);
      refused('expected dy to be float32 [1,3,3,4], got float32 [1,2,3,4]', {}, undefined, [1, 2, 3, 4]);
      refused('expected dy to be float32 [1,3,3,4], got float32 [1,3,3,5]', {}, undefined, [1, 3, 3, 5]);
      refused(`${slope.name}: expected dataFormat to be NHWC on wasm, got NCHW`, {dataFormat: 'NCHW'});
    });

    it('leaves neither tensor nor memory behind', () => {
      expectNothingHeld(runningWasm(), () => {
        for (const conv of [...convCases().slice(0, 12), ...EMPTY_CONVS]) errorOfConv(slope, conv);
      });
    });
  });
}

/** How far the kernel is off on random numbers; the shape must be right. */
export function errorOfConv(kernel: ConvKernel, conv: Conv): number {
  const {values, expected, shape} = convOf(kernel, conv);
  expect(shape).toEqual(kernel.shape(conv));
  return errorOf(values, expected);
}

/** What the kernel gives on random numbers, and what it is to give. */
export function convOf(kernel: ConvKernel, conv: Conv, spoil: Spoil = () => {}) {
  const shapes = Object.entries(kernel.inputs(conv));
  const [first, second] = shapes.map(([, shape], i) => randoms(tf.util.sizeFromShape(shape), 1 + i));
  spoil(first, second);
  const result = resultOf(kernel.name, () => ({
    inputs: {[shapes[0][0]]: tf.tensor(first, shapes[0][1]), [shapes[1][0]]: tf.tensor(second, shapes[1][1])},
    attrs: kernel.attrs(conv),
  }));
  return {...result, expected: kernel.expected(conv, first, second)};
}
