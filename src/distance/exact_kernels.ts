import type {Tensor} from '@tensorflow/tfjs-core';
import {liveTape, type TapeNode} from './live_tape.js';

/**
 * Operations through which a second derivative was compared with finite differences and agrees. Names that end in
 * __op are tfjs's own compositions with a gradient of their own.
 */
const EXACT = new Set(
  [
    [
      'Add',
      'AddN',
      'AddV2',
      'Sub',
      'Multiply',
      'RealDiv',
      'Neg',
      'Maximum',
      'Minimum',
      'Square',
      'Sqrt',
      'Rsqrt',
    ],
    [
      'Identity',
      'Reshape',
      'Cast',
      'ExpandDims',
      'Transpose',
      'Concat',
      'PadV2',
      'Slice',
      'SplitV',
      'Tile',
      'Pack',
    ],
    ['Sum', 'Mean', 'Max', 'Exp', 'Log', 'Softmax', 'logSoftmax__op', 'LogSoftmax'],
    ['BatchMatMul', 'fusedMatMul__op', 'Conv2D', 'fusedConv2d__op', 'MaxPool', 'AvgPool', 'FusedBatchNorm'],
    ['Relu', 'Relu6', 'ClipByValue', 'LeakyRelu', 'Elu', 'Tanh', 'Sigmoid', 'Softplus', 'SquaredDifference'],
  ].flat(),
);

/** Operations whose derivative is 0 wherever it exists: to backpropagation their results are constants. */
const PIECEWISE_CONSTANT = new Set(
  [
    [
      'Step',
      'Sign',
      'Equal',
      'NotEqual',
      'Less',
      'LessEqual',
      'Greater',
      'GreaterEqual',
      'OneHot',
      'ZerosLike',
    ],
    [
      'OnesLike',
      'LogicalAnd',
      'LogicalOr',
      'LogicalNot',
      'Floor',
      'Ceil',
      'Round',
      'IsFinite',
      'IsNan',
      'Fill',
    ],
  ].flat(),
);

/** tfjs's first derivative of these is wrong: floorDiv as if it were div, mirrorPad without what it mirrors. */
const FAULTY = new Set(['FloorDiv', 'MirrorPad']);

/** The operations between the activations and the scores whose second derivative nobody has compared yet. */
export function unprovenOps(activations: Tensor[], scores: Tensor): TapeNode[] {
  return nodesBetween(activations, scores).filter(({kernelName}) => !EXACT.has(kernelName));
}

/** Whether an operation's derivative is 0 wherever it exists. */
export function isPiecewiseConstant(kernelName: string): boolean {
  return PIECEWISE_CONSTANT.has(kernelName);
}

/** The operations between the activations and the scores whose first derivative is wrong in tfjs. */
export function faultyOps(activations: Tensor[], scores: Tensor): TapeNode[] {
  return nodesBetween(activations, scores).filter(({kernelName}) => FAULTY.has(kernelName));
}

/** Takes operations with zero derivative, recorded since the tape had this length, off the tape: nothing to walk. */
export function dropPiecewiseConstant(since: number): void {
  const tape = liveTape();
  for (let i = tape.length - 1; i >= since; i--) {
    if (!PIECEWISE_CONSTANT.has(tape[i].kernelName)) continue;
    tape[i].saved?.forEach(t => t.dispose());
    tape.splice(i, 1);
  }
}

/** The operations that lie on a way from one of xs to y; the tape must be sorted. */
function nodesBetween(xs: Tensor[], y: Tensor): TapeNode[] {
  const tape = liveTape();
  const fromX = new Set(xs.map(x => x.id));
  const reached = tape.filter(node => {
    const isReached = Object.values(node.inputs).some(t => fromX.has(t.id));
    if (isReached) node.outputs.forEach(t => fromX.add(t.id));
    return isReached;
  });
  const toY = new Set([y.id]);
  return reached.reverse().filter(node => {
    const leads = node.outputs.some(t => toY.has(t.id));
    if (leads) Object.values(node.inputs).forEach(t => toY.add(t.id));
    return leads;
  });
}
