import * as tf from '@tensorflow/tfjs-core';
import {convCases, LARGE_CONVS} from '../../support/conv_cases.js';
import {convolution, filterSlope, inputSlope, outShapeOf, type Conv} from '../../support/conv_oracles.js';
import {plusBias, productOf, shapesOf, type Product} from '../../support/product_oracle.js';
import {randoms} from '../../support/randoms.js';
import {
  avgPoolSlope,
  depthwiseFilterSlope,
  depthwiseInputSlope,
  firstMaxima,
  maxPoolSlope,
} from '../../support/window_oracles.js';
import type {KernelCase, Values} from './on_native.js';

/** A call with what it gives in float64. */
export interface GridCase extends KernelCase {
  expected: ArrayLike<number>;
}

type Floats = ArrayLike<number>;

/** Every kernel with the form of a product, a convolution or a pool, with its cases. */
export const GRID: Record<string, () => GridCase[]> = {
  [tf.BatchMatMul]: productCases,
  [tf._FusedMatMul]: denseCases,
  [tf.Conv2D]: () =>
    convs(6).map(conv => slopeCase(tf.Conv2D, conv, {x: conv.x, filter: conv.filter}, convolution, {})),
  [tf.Conv2DBackpropFilter]: () =>
    convs(0).map(conv =>
      slopeCase(tf.Conv2DBackpropFilter, conv, {x: conv.x, dy: outShapeOf(conv)}, filterSlope, {
        filterShape: conv.filter,
      }),
    ),
  [tf.Conv2DBackpropInput]: () =>
    convs(1).map(conv =>
      slopeCase(tf.Conv2DBackpropInput, conv, {dy: outShapeOf(conv), filter: conv.filter}, inputSlope, {
        inputShape: conv.x,
      }),
    ),
  [tf.DepthwiseConv2dNativeBackpropFilter]: () =>
    depthwise(2).map(({conv, out}) =>
      slopeCase(tf.DepthwiseConv2dNativeBackpropFilter, conv, {x: conv.x, dy: out}, depthwiseFilterSlope, {
        filterShape: conv.filter,
      }),
    ),
  [tf.DepthwiseConv2dNativeBackpropInput]: () =>
    depthwise(3).map(({conv, out}) =>
      slopeCase(
        tf.DepthwiseConv2dNativeBackpropInput,
        conv,
        {dy: out, filter: conv.filter},
        depthwiseInputSlope,
        {inputShape: conv.x},
      ),
    ),
  [tf.AvgPoolGrad]: () =>
    pools(4).map(conv =>
      slopeCase(
        tf.AvgPoolGrad,
        conv,
        {dy: outShapeOf(conv), input: conv.x},
        (_, dy) => avgPoolSlope(conv, dy),
        {filterSize: conv.filter.slice(0, 2)},
      ),
    ),
  [tf.MaxPoolGrad]: () => pools(5).map(maxPoolCase),
};

/** The inputs of a case as tensors. */
export function tensorsOf({inputs}: GridCase): tf.NamedTensorMap {
  const entries = Object.entries(inputs).map(([name, {shape, values}]) => [name, tf.tensor(values, shape)]);
  return Object.fromEntries(entries);
}

/** What the native engine computes too: it takes no numbers for padding. */
function convs(turn: number): Conv[] {
  return [...convCases(turn).filter(isOnNative), ...LARGE_CONVS];
}

const isOnNative = ({pad}: Conv) => pad === 'same' || pad === 'valid';

/** With multipliers from 1 to 3, and one stride for both sides, as TensorFlow wants it. */
function depthwise(turn: number) {
  return convCases(turn)
    .filter(isOnNative)
    .map((conv, i) => {
      const multiplier = 1 + (i % 3);
      const [height, width, channels] = conv.filter;
      const same: Conv = {
        ...conv,
        filter: [height, width, channels, multiplier],
        strides: [conv.strides[0], conv.strides[0]],
      };
      const [batch, outHeight, outWidth] = outShapeOf(same);
      return {conv: same, out: [batch, outHeight, outWidth, channels * multiplier]};
    });
}

function pools(turn: number): Conv[] {
  return convCases(turn)
    .filter(isOnNative)
    .map(conv => ({...conv, filter: [conv.filter[0], conv.filter[1], conv.x[3], conv.x[3]]}));
}

function slopeCase(
  kernel: string,
  {strides, pad, ...conv}: Conv,
  shapes: Record<string, number[]>,
  expected: (conv: Conv, first: Floats, second: Floats) => Floats,
  attrs: object,
): GridCase {
  const inputs = randomInputs(shapes);
  const [first, second] = Object.values(inputs);
  return {
    kernel,
    inputs,
    attrs: {...attrs, strides, pad, dilations: [1, 1], dataFormat: 'NHWC'},
    expected: expected({strides, pad, ...conv}, first.values, second.values),
  };
}

function maxPoolCase(conv: Conv): GridCase {
  const out = outShapeOf(conv);
  const shapes = {input: conv.x, dy: out};
  const attrs = {filterSize: conv.filter.slice(0, 2)};
  const made = slopeCase(tf.MaxPoolGrad, conv, shapes, maxPoolSlope, attrs);
  const {input, dy} = made.inputs;
  const values = Float32Array.from(firstMaxima(conv, input.values), place => input.values[place]);
  return {...made, inputs: {dy, input, output: {shape: out, values}}};
}

const SIZES = [
  ...[1, 2, 4, 5, 8, 13, 33].flatMap(rows =>
    [1, 3, 64].flatMap(terms => [1, 8, 17].map(columns => ({rows, terms, columns}))),
  ),
  {rows: 128, terms: 300, columns: 40},
  {rows: 97, terms: 513, columns: 70},
];

/** Products with a bias, as of dense layers. */
function denseCases(): GridCase[] {
  return SIZES.map(size => {
    const product: Product = {batches: [[1], [1]], ...size};
    const [a, b] = shapesOf(product);
    const inputs = randomInputs({a, b, bias: [size.columns]});
    const {values} = productOf(product, inputs.a.values, inputs.b.values);
    const expected = plusBias(values, inputs.bias.values);
    const attrs = {transposeA: false, transposeB: false, activation: 'linear'};
    return {kernel: tf._FusedMatMul, inputs, attrs, expected};
  });
}

function productCases(): GridCase[] {
  return SIZES.map((size, i) => {
    const [transposeA, transposeB] = [i % 2 === 1, (i >> 1) % 2 === 1];
    const matrices = 1 + (i % 3);
    const batches: Product['batches'] = [[matrices], [i % 5 === 0 ? 1 : matrices]];
    const product = {batches, ...size, transposes: [transposeA, transposeB] as [boolean, boolean]};
    const [a, b] = shapesOf(product);
    const inputs = randomInputs({a, b});
    const expected = productOf(product, inputs.a.values, inputs.b.values).values;
    return {kernel: tf.BatchMatMul, inputs, attrs: {transposeA, transposeB}, expected};
  });
}

function randomInputs(shapes: Record<string, number[]>): Record<string, Values> {
  const entries = Object.entries(shapes).map(([name, shape], i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return [name, {shape, values: randoms(size, 1 + i + size)}];
  });
  return Object.fromEntries(entries);
}
