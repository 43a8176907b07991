import * as tf from '@tensorflow/tfjs-core';
import {afterAll, describe, expect, it} from 'vitest';
import '../../../../plugin/gradients/index.js';
import {liveTape, onLiveTape} from '../../../../src/distance/live_tape.js';
import {largeMarginLoss} from '../../../../src/loss/large_margin_loss.js';
import type {MarginOptions} from '../../../../src/types.js';
import {gradientError} from '../../../support/finite_differences.js';
import {randomTensor} from '../../../support/randoms.js';

// Every operation that exact mode takes, in a net x -> x * w -> operation -> scores, its exact loss compared with
// finite differences of itself. h is [2, 4, 4, 2].
type Operation = (h: tf.Tensor4D) => tf.Tensor;
const filter = randomTensor<tf.Tensor4D>([3, 3, 2, 2], 71, 0.4);
const matrix = randomTensor<tf.Tensor2D>([32, 5], 72, 0.4);
const flat = (t: tf.Tensor) => tf.reshape(t, [2, -1]) as tf.Tensor2D;
const mean = (h: tf.Tensor) => tf.mean(h, [1, 2], true);

const operations: Array<[string, Operation]> = [
  ['Add', h => tf.add(h, mean(h))],
  ['AddN', h => tf.addN([h, tf.square(h), h])],
  ['Sub', h => tf.sub(mean(h), h)],
  ['Multiply', h => tf.mul(mean(h), h)],
  ['RealDiv', h => tf.div(h, tf.add(tf.square(mean(h)), 1))],
  ['Neg', h => tf.neg(h)],
  ['Maximum', h => tf.maximum(h, tf.square(h))],
  ['Minimum', h => tf.minimum(tf.mul(h, -0.7), h)],
  ['Square', h => tf.square(h)],
  ['Sqrt', h => tf.sqrt(tf.add(tf.square(h), 0.5))],
  ['Rsqrt', h => tf.rsqrt(tf.add(tf.square(h), 0.5))],
  ['SquaredDifference', h => tf.squaredDifference(h, tf.square(h))],
  ['Identity', h => tf.clone(h)],
  ['Reshape', h => tf.reshape(h, [2, 8, 4])],
  ['Cast', h => tf.cast(h, 'float32')],
  ['ExpandDims', h => tf.expandDims(h, 1)],
  ['Transpose', h => tf.transpose(h, [0, 3, 1, 2])],
  ['Concat', h => tf.concat([h, tf.square(h)], 3)],
  ['PadV2', h => tf.pad(h, [[0, 0], [1, 0], [0, 2], [0, 0]])], // prettier-ignore
  ['Slice', h => tf.slice(h, [0, 1, 0, 0], [2, 2, 3, 2])],
  ['SplitV', h => tf.mul(...(tf.split(h, 2, 3) as [tf.Tensor, tf.Tensor]))],
  ['Tile', h => tf.tile(h, [1, 2, 1, 1])],
  ['Pack', h => tf.stack([h, tf.square(h)], 1)],
  ['Sum', h => tf.sum(h, 2, true)],
  ['Mean', h => tf.mean(h, [1, 2])],
  ['Max', h => tf.max(h, [1, 2])],
  ['Exp', h => tf.exp(h)],
  ['Log', h => tf.log(tf.add(tf.square(h), 1))],
  ['Softmax', h => tf.softmax(h)],
  ['logSoftmax__op', h => tf.logSoftmax(flat(h))],
  ['BatchMatMul', h => tf.matMul(flat(h), matrix)],
  ['BatchMatMul', h => tf.matMul(tf.reshape(h, [2, 8, 4]), tf.reshape(h, [2, 8, 4]), true, false)],
  ['fusedMatMul__op', h => tf.fused.matMul({a: flat(h), b: matrix, bias: tf.tensor1d([1, 2, 3, 4, 5])})],
  ['Conv2D', h => tf.conv2d(h, filter, 1, 'same')],
  ['Conv2D', h => tf.conv2d(h, filter, 2, 'valid')],
  ['fusedConv2d__op', h => tf.fused.conv2d({x: h, filter, strides: [2, 1], pad: 'same'})],
  ['MaxPool', h => tf.maxPool(h, 2, 2, 'valid')],
  ['MaxPool', h => tf.maxPool(h, 3, 2, 'same')],
  ['MaxPool', h => tf.maxPool(h, 3, 1, 'valid')],
  ['AvgPool', h => tf.avgPool(h, 2, 2, 'valid')],
  ['AvgPool', h => tf.avgPool(h, 3, 2, 'same')],
  ['AvgPool', h => tf.avgPool(h, 3, 1, 'valid')],
  [
    'FusedBatchNorm',
    h => {
      const {mean, variance} = tf.moments(h, [0, 1, 2]);
      return tf.batchNorm(h, mean as tf.Tensor1D, variance as tf.Tensor1D, [0.1, 0.2], [2, 3], 1e-3);
    },
  ],
  ['Relu', h => tf.relu(h)],
  ['Relu6', h => tf.relu6(tf.mul(h, 9))],
  ['ClipByValue', h => tf.clipByValue(h, -0.4, 0.5)],
  ['LeakyRelu', h => tf.leakyRelu(h, 0.1)],
  ['Elu', h => tf.elu(h)],
  ['Tanh', h => tf.tanh(h)],
  ['Sigmoid', h => tf.sigmoid(h)],
  ['Softplus', h => tf.softplus(h)],
  ['Selu', h => tf.selu(h)],
  ['Prelu', h => tf.prelu(h, tf.tensor4d([0.2, -0.3], [1, 1, 1, 2]))],
  ['Erf', h => tf.erf(h)],
  ['Abs', h => tf.abs(h)],
  ['Reciprocal', h => tf.reciprocal(tf.add(tf.square(h), 1))],
  ['Pow', h => tf.pow(h, 3)],
  ['Pow', h => tf.pow(tf.add(tf.square(h), 1), 0.5)],
  ['Min', h => tf.min(h, [1, 2])],
  ['Unpack', h => tf.mul(...(tf.unstack(h, 3) as [tf.Tensor, tf.Tensor]))],
  ['Unpack', h => tf.unstack(tf.slice(h, [0, 0, 0, 0], [-1, -1, -1, 1]), 3)[0]],
  ['Reverse', h => tf.mul(h, tf.reverse(h, [1, 3]))],
  ['Select', h => tf.where(tf.greater(h, 0.1), tf.square(h), tf.mul(h, 0.3))],
  ['Greater', h => tf.mul(h, tf.cast(tf.greater(h, 0.1), 'float32'))],
  ['GatherV2', h => tf.gather(h, tf.tensor1d([2, 0, 2], 'int32'), 1)],
  ['Cumsum', h => tf.cumsum(h, 1)],
  ['Conv2DBackpropInput', h => tf.conv2dTranspose(h, filter, [2, 8, 8, 2], 2, 'same')],
  ['DepthwiseConv2dNative', h => tf.depthwiseConv2d(h, filter, 2, 'same')],
  ['DepthwiseConv2dNative', h => tf.depthwiseConv2d(h, filter, 1, 'valid')],
  [
    'fusedDepthwiseConv2d__op',
    h => tf.fused.depthwiseConv2d({x: h, filter, strides: 1, pad: 'same', bias: tf.tensor1d([1, 2, 3, 4])}),
  ],
  ['ResizeNearestNeighbor', h => tf.image.resizeNearestNeighbor(h, [5, 6])],
  ['ResizeBilinear', h => tf.image.resizeBilinear(h, [5, 6])],
  ['ResizeBilinear', h => tf.image.resizeBilinear(h, [5, 6], false, true)],
  ['AvgPool3D', h => tf.avgPool3d(tf.expandDims(h, 1) as tf.Tensor5D, [1, 3, 3], [1, 2, 2], 'same')],
];

const x = randomTensor([2, 4, 4, 2], 5);
// Smooth: all rivals count, and no penalty is cut off.
const OPTIONS: MarginOptions = {gamma: 5, clip: null, topK: 2, aggregate: 'sum'};
const labels = tf.tensor1d([0, 2], 'int32');

function lossOf(operation: Operation, w: tf.Tensor, v: tf.Tensor): tf.Scalar {
  const h = tf.mul(x, w) as tf.Tensor4D;
  const made = flat(tf.square(operation(tf.tanh(h))));
  const scores = tf.matMul(made, tf.slice(v, 0, [made.shape[1], 3]) as tf.Tensor2D) as tf.Tensor2D;
  return largeMarginLoss(labels, scores, {input: x, h}, OPTIONS).loss;
}

describe('exact gradients agree with finite differences of the loss through', () => {
  let worst = ['', 0] as [string, number];
  afterAll(() =>
    console.log(`exact operations: worst relative error ${worst[1].toExponential(1)} (${worst[0]})`),
  );

  it.each(operations)('%s', (name, operation) => {
    const w = tf.variable(randomTensor([4, 4, 2], 11), true);
    const v = tf.variable(randomTensor([192, 3], 12, 0.3), true);
    let names: string[] = [];
    const before = tf.memory().numTensors;
    const {value, grads} = tf.variableGrads(() => {
      const loss = lossOf(operation, w, v);
      names = liveTape().map(node => node.kernelName);
      return loss;
    }, [w, v]);
    const gradients = [w, v].map(variable => grads[variable.name].dataSync());
    tf.dispose([value, grads]);
    expect(tf.memory().numTensors).toBe(before);
    expect(names).toContain(name);
    const loss = () => tf.tidy(() => onLiveTape(() => ({loss: lossOf(operation, w, v)})).loss.dataSync()[0]);
    const error = gradientError(loss, [w, v], gradients);
    if (error > worst[1]) worst = [name, error];
    expect(error).toBeLessThan(1e-3);
    tf.dispose([w, v]);
  });
});
