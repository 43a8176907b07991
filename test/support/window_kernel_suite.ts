import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import type {Conv} from './conv_oracles.js';
import {randoms} from './randoms.js';
import {callKernel, errorOf, expectRunsOn, resultOf} from './wasm_calls.js';
import {runningWasm, startWasmOn, WAYS} from './wasm_engine.js';
import {expectNothingHeld} from './wasm_heap.js';
import {channelwiseShape, EMPTY_WINDOWS, NET_WINDOWS, WINDOW_CASES} from './window_cases.js';

type Values = Record<string, Float32Array>;

/** A kernel that sends dy back through windows of each channel by itself. */
export interface WindowKernel {
  name: string;
  /** Shapes of the kernel's inputs, by name. */
  inputs: (conv: Conv) => Record<string, number[]>;
  attrs: (conv: Conv) => object;
  shape: (conv: Conv) => number[];
  /** The result in float64. */
  expected: (conv: Conv, inputs: Values) => ArrayLike<number>;
  /** Other values than normally distributed ones, for one of the inputs. */
  values?: Record<string, (size: number, seed: number) => Float32Array>;
  /** Whether there can be more than one filter a channel, and filters that are spread out. */
  hasFilters: boolean;
  /** Cases beside those of every such kernel. */
  more?: Conv[];
}

/** float32 sums of up to 6,272 terms, relative to the largest. */
const BOUND = 2e-6;

/** Tests the kernel on the side module, both variants, and on tfjs's operations. */
export function testWindowKernel(kernel: WindowKernel): void {
  const withFilters = (conv: Conv): Conv =>
    kernel.hasFilters ? conv : {...conv, filter: [conv.filter[0], conv.filter[1], conv.filter[2], 1]};

  describe.each(WAYS)(`${kernel.name} on %s`, way => {
    beforeAll(async () => {
      await startWasmOn(way);
      expectRunsOn(kernel.name, way);
    });

    it('is that of float64 for windows 1 to 7, strides 1 to 3, all paddings and odd channels', () => {
      const cases = [...WINDOW_CASES.map(withFilters), ...(kernel.more ?? [])];
      const errors = cases.map(conv => errorIn(kernel, conv));
      const worst = Math.max(...errors);
      console.log(
        `${kernel.name} on ${way}: worst error ${worst.toExponential(1)} of ${errors.length} cases`,
      );
      expect(worst).toBeLessThan(BOUND);
    });

    it.each(NET_WINDOWS)('is that of float64 as nets have it: $x, window $filter', conv => {
      const error = errorIn(kernel, conv);
      console.log(`${kernel.name} on ${way}, [${conv.x}]: error ${error.toExponential(1)}`);
      expect(error).toBeLessThan(BOUND);
    });

    it.each(EMPTY_WINDOWS)('is 0, or empty, without terms: $x, window $filter', conv => {
      expect(errorIn(kernel, conv)).toBe(0);
    });

    it('is that of float64 for any window', () => {
      const runs = way === 'operations' ? 60 : 200;
      fc.assert(
        fc.property(anyWindow(kernel.hasFilters), conv => {
          fc.pre(channelwiseShape(conv).every(size => size > 0));
          expect(errorIn(kernel, conv)).toBeLessThan(BOUND);
        }),
        {numRuns: runs, seed: 1},
      );
    });

    it('carries NaN and infinities of each input where they are a term, and nowhere else', () => {
      const conv: Conv = {x: [2, 5, 6, 5], filter: [3, 2, 5, 1], strides: [2, 1], pad: 'same'};
      for (const spoilt of [NaN, Infinity, -Infinity])
        for (const name of Object.keys(kernel.inputs(conv)))
          for (const at of [0, 7, 33]) {
            const spoil = (values: Values) => void (values[name][at] = spoilt);
            expect(errorIn(kernel, conv, spoil), `${name}[${at}] = ${spoilt}`).toBeLessThan(BOUND);
          }
    });

    it('refuses other types and other sizes, and leaves nothing behind', () => {
      const conv: Conv = {x: [1, 5, 5, 3], filter: [3, 3, 3, 1], strides: [1, 1], pad: 'valid'};
      const shapes = Object.entries(kernel.inputs(conv)).filter(([name]) => name !== 'output');
      const refuses = (message: string, make: (name: string, shape: number[]) => tf.Tensor) => {
        const inputs = Object.fromEntries(shapes.map(([name, shape]) => [name, make(name, shape)]));
        expectNothingHeld(runningWasm(), () => {
          expect(() => callKernel(kernel.name, inputs, kernel.attrs(conv))).toThrow(message);
        });
        tf.dispose(inputs);
      };
      for (const [wrong, its] of shapes) {
        const message = `${kernel.name}: expected ${wrong} to be float32 [${its}], got int32 [${its}]`;
        refuses(message, (name, shape) => tf.zeros(shape, name === wrong ? 'int32' : 'float32'));
      }
      for (const odd of [
        [1, 2, 3, 3],
        [1, 3, 3, 4],
        [2, 3, 3, 3],
      ]) {
        const message = `${kernel.name}: expected dy to be float32 [1,3,3,3], got float32 [${odd}]`;
        refuses(message, (name, shape) => tf.zeros(name === 'dy' ? odd : shape));
      }
    });

    it('leaves neither tensor nor memory behind', () => {
      expectNothingHeld(runningWasm(), () => {
        for (const conv of [...NET_WINDOWS, ...EMPTY_WINDOWS]) errorIn(kernel, conv);
      });
    });
  });
}

function anyWindow(hasFilters: boolean): fc.Arbitrary<Conv> {
  const size = (min: number, max: number) => fc.integer({min, max});
  const sides = fc.tuple(size(0, 2), size(0, 2));
  const explicit = fc
    .tuple(sides, sides)
    .map(([rows, columns]) => [[0, 0], rows, columns, [0, 0]] as Conv['pad']);
  const apart = hasFilters ? size(1, 3) : fc.constant(1);
  return fc
    .tuple(
      fc.tuple(size(1, 3), size(1, 9), size(1, 9), size(1, 9)),
      fc.tuple(size(1, 5), size(1, 5), apart),
      fc.tuple(size(1, 3), size(1, 3)),
      fc.tuple(apart, apart),
      fc.oneof(fc.constantFrom('same' as const, 'valid' as const), explicit),
    )
    .map(([x, [height, width, multiplier], strides, dilations, pad]) => ({
      ...{x, filter: [height, width, x[3], multiplier], strides, pad},
      ...(hasFilters ? {dilations} : {}),
    }));
}

function errorIn(kernel: WindowKernel, conv: Conv, spoil: (values: Values) => void = () => {}): number {
  const shapes = Object.entries(kernel.inputs(conv));
  const values = Object.fromEntries(
    shapes.map(([name, shape], i) => {
      const make = kernel.values?.[name] ?? randoms;
      return [name, make(tf.util.sizeFromShape(shape), 1 + i)];
    }),
  );
  spoil(values);
  const result = resultOf(kernel.name, () => ({
    inputs: Object.fromEntries(shapes.map(([name, shape]) => [name, tf.tensor(values[name], shape)])),
    attrs: kernel.attrs(conv),
  }));
  expect(result.shape).toEqual(kernel.shape(conv));
  return errorOf(result.values, kernel.expected(conv, values));
}
