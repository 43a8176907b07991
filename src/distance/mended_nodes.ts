import {
  engine,
  getBackend,
  reshape,
  zeros,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {liveTape, type TapeNode} from './live_tape.js';
import {sumOverCopies} from './mends/copies.js';
import {avgPool3dGrad, avgPoolGrad, maxPoolGrad} from './mends/pools.js';
import {isProvenRight} from './mends/proofs.js';
import {resizeBilinearGrad, resizeNearestNeighborGrad} from './mends/resizes.js';

/** Runs a kernel as the backend has it. */
export type OwnKernel = (inputs: NamedTensorMap, attrs: NamedAttrMap) => Tensor;

/** Computes what a kernel should; linear in dy, it can be differentiated again. */
export type MendedKernel = (inputs: NamedTensorMap, attrs: NamedAttrMap, own: OwnKernel) => Tensor;

/** A kernel that the gradient of an operation calls, and what takes its place on a backend. */
interface Mend {
  calls: string;
  mended: MendedKernel;
  isNeeded: (backend: string) => boolean;
}

const always = () => true;
const butNative = (backend: string) => backend !== 'tensorflow';

/** Where tfjs's first derivative is wrong, by operation; docs/tfjs_faults.md has the proofs. */
const MENDS: Record<string, Mend> = {
  AvgPool: {
    calls: 'AvgPoolGrad',
    mended: avgPoolGrad,
    isNeeded: backend => butNative(backend) && !isProvenRight('AvgPoolGrad', backend),
  },
  AvgPool3D: {calls: 'AvgPool3DGrad', mended: avgPool3dGrad, isNeeded: butNative},
  MaxPool: {
    calls: 'MaxPoolGrad',
    mended: maxPoolGrad,
    isNeeded: backend => backend === 'wasm' && !isProvenRight('MaxPoolGrad', backend),
  },
  ResizeNearestNeighbor: {
    calls: 'ResizeNearestNeighborGrad',
    mended: resizeNearestNeighborGrad,
    isNeeded: always,
  },
  ResizeBilinear: {calls: 'ResizeBilinearGrad', mended: resizeBilinearGrad, isNeeded: always},
};

const seen = new WeakSet<TapeNode>();

/**
 * Gives the operations on the live tape whose gradient tfjs has wrong a right one. It stays on this tape, so that the
 * gradient of the weights is right too; no registry is touched.
 */
export function mendTape(): void {
  for (const node of liveTape()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const gradient = mendedGradient(node);
    if (gradient) node.gradient = gradient;
  }
}

function mendedGradient({kernelName, inputs, outputs, gradient}: TapeNode): TapeNode['gradient'] | undefined {
  if (!gradient) return undefined;
  if ((kernelName === 'Unpack' || kernelName === 'SplitV') && outputs.length === 1) {
    // tfjs hands the gradient of one output as a tensor to a function that takes a list.
    const [[name, x]] = Object.entries(inputs);
    return dys => ({[name]: () => reshape(dys[0], x.shape)});
  }
  // Not wrong but slow beyond use: the second derivative of a deep net with batch norm took forty times as long.
  if (kernelName === 'Tile') return dys => ({x: () => sumOverCopies(dys[0], inputs.x.shape)});
  // tfjs lets slopes through a step as if it were none.
  const isStep = kernelName === 'Cast' && ['int32', 'bool'].includes(outputs[0].dtype);
  if (isStep) return () => ({x: () => zeros(inputs.x.shape)});
  if (kernelName === 'Cumsum') return dys => ({x: () => sumAlone(gradient(dys).x)});
  const mend = Object.hasOwn(MENDS, kernelName) ? MENDS[kernelName] : undefined;
  if (!mend?.isNeeded(getBackend())) return undefined;
  return dys => {
    const slopes = Object.entries(gradient(dys));
    return Object.fromEntries(slopes.map(([name, slope]) => [name, () => replacing(mend, slope)]));
  };
}

/** Computes a slope with one kernel replaced: only the kernel's call tells the attributes of the operation. */
function replacing({calls, mended}: Mend, slope: () => Tensor): Tensor {
  return intercepting(
    (name, inputs, attrs, own) => (name === calls ? mended : own)(inputs, attrs, own),
    slope,
  );
}

/**
 * The gradient of a cumulative sum is one from the other end. tfjs then turns back axes that nobody has turned, and
 * fails where the axis is counted from the end: the sum is taken before.
 */
function sumAlone(slope: () => Tensor): Tensor {
  let total: Tensor | undefined;
  const run: Intercept = (name, inputs, attrs, own) => {
    const result = own(inputs, attrs);
    if (name === 'Cumsum') total = result;
    return result;
  };
  try {
    intercepting(run, slope);
  } catch (error) {
    if (!total) throw error;
  }
  return total!;
}

type Intercept = (name: string, inputs: NamedTensorMap, attrs: NamedAttrMap, own: OwnKernel) => Tensor;

/** Runs f; what it asks of the engine is answered by this. */
function intercepting<T>(answer: Intercept, f: () => T): T {
  const runner = engine();
  const found = Object.getOwnPropertyDescriptor(runner, 'runKernel');
  const original = runner.runKernel;
  const run = (name: string, inputs: NamedTensorMap, attrs: NamedAttrMap) =>
    answer(name, inputs, attrs, (inputs, attrs) => original.call(runner, name, inputs, attrs) as Tensor);
  runner.runKernel = run as typeof original;
  try {
    return f();
  } finally {
    if (found) Object.defineProperty(runner, 'runKernel', found);
    else delete (runner as Partial<typeof runner>).runKernel;
  }
}
