import {getBackend} from '@tensorflow/tfjs-core';
import {liveTape, type TapeNode} from './live_tape.js';

/**
 * Operations through which a second derivative was compared with finite differences and agrees. Names that end in
 * __op are tfjs's own compositions with a gradient of their own.
 */
const EXACT = new Set(
  `Add AddN AddV2 Sub Multiply RealDiv Neg Maximum Minimum Square Sqrt Rsqrt Abs Reciprocal Pow SquaredDifference
  Identity Reshape Cast ExpandDims Transpose Concat PadV2 Slice SplitV Tile Pack Unpack Reverse Select GatherV2 Cumsum
  Sum Mean Max Min Exp Log Softmax logSoftmax__op LogSoftmax
  BatchMatMul fusedMatMul__op Conv2D fusedConv2d__op Conv2DBackpropInput DepthwiseConv2dNative fusedDepthwiseConv2d__op
  MaxPool AvgPool AvgPool3D ResizeNearestNeighbor ResizeBilinear FusedBatchNorm
  Relu Relu6 ClipByValue LeakyRelu Prelu Elu Selu Tanh Sigmoid Softplus Erf`.split(/\s+/),
);

/** Operations whose derivative is 0 wherever it exists: to backpropagation their results are constants. */
const PIECEWISE_CONSTANT = new Set(
  `Step Sign Equal NotEqual Less LessEqual Greater GreaterEqual OneHot ZerosLike OnesLike
  LogicalAnd LogicalOr LogicalXor LogicalNot Any All Floor Ceil Round IsFinite IsNan Fill`.split(/\s+/),
);

/** tfjs's first derivative of these is wrong: floorDiv as if it were div, mirrorPad without what it mirrors. */
const FAULTY = new Set(['FloorDiv', 'MirrorPad']);

/** Whose first derivative is wrong on one backend only, and is not mended. */
const FAULTY_ON: Record<string, string[]> = {wasm: ['Conv3D', 'MaxPool3D']};

/** Those of a path's operations whose second derivative nobody has compared yet. */
export function unprovenOps(path: TapeNode[]): TapeNode[] {
  return path.filter(({kernelName}) => !EXACT.has(kernelName) && !isPiecewiseConstant(kernelName));
}

/** Whether an operation's derivative is 0 wherever it exists. */
export function isPiecewiseConstant(kernelName: string): boolean {
  return PIECEWISE_CONSTANT.has(kernelName);
}

/** Those of a path's operations whose first derivative is wrong in tfjs. */
export function faultyOps(path: TapeNode[]): TapeNode[] {
  const here = FAULTY_ON[getBackend()] ?? [];
  return path.filter(({kernelName}) => FAULTY.has(kernelName) || here.includes(kernelName));
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
