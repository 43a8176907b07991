import {
  backend_util,
  dispose,
  engine,
  type DataId,
  type MaxPoolAttrs,
  type NamedAttrMap,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import {allFinite} from './all_finite.js';
import {FLOAT, nativeBackend, runOnIds, runOp, type AttributeValue} from './native_backend.js';

/** By pooled values: TensorFlow's number of what oneDNN noted of the maxima's places. */
let workspaces = new Map<DataId, number>();
let tape: unknown;

/** Max pooling by oneDNN; while a tape is live, what it notes of the places is kept for the gradient. */
export function pool(x: Tensor4D, attrs: NamedAttrMap): TensorInfo {
  const native = nativeBackend();
  const ids = native.getInputTensorIds([x]);
  const [pooled, workspace] = runOnIds('_MklNativeMaxPool', attributes(x, attrs), ids, 2);
  const y = native.createOutputTensor(pooled);
  const {activeTape, gradientDepth} = engine().state;
  if (gradientDepth === 0) {
    native.binding.deleteTensor(workspace.id);
    return y;
  }
  if (activeTape !== tape) forgetPlaces();
  tape = activeTape;
  workspaces.set(y.dataId, workspace.id);
  return y;
}

/** Its gradient. The places are those noted in the forward pass, or else are found again. */
export function poolGradient(dy: Tensor4D, x: Tensor4D, y: Tensor4D, attrs: NamedAttrMap): Tensor {
  const native = nativeBackend();
  const noted = workspaces.get(y.dataId);
  if (noted !== undefined) {
    const ids = [...native.getInputTensorIds([x, y, dy]), noted];
    const [dx] = runOnIds('_MklNativeMaxPoolGrad', attributes(x, attrs), ids, 1);
    return native.createOutputTensor(dx);
  }
  const [pooled, workspace] = runOp('_MklNativeMaxPool', attributes(x, attrs), [x], 2);
  const [dx] = runOp('_MklNativeMaxPoolGrad', attributes(x, attrs), [x, pooled, dy, workspace]);
  dispose([pooled, workspace]);
  return dx;
}

/** Frees what was noted in forward passes. */
export function forgetPlaces(): void {
  for (const id of workspaces.values()) nativeBackend().binding.deleteTensor(id);
  workspaces = new Map();
  tape = undefined;
}

/** Whether oneDNN computes what tfjs-node does: where a window holds a NaN, they differ in what they take. */
export function canPool(x: Tensor4D, attrs: NamedAttrMap): boolean {
  const padding = poolInfo(x, attrs).padInfo.type;
  const fits = x.dtype === 'float32' && x.size > 0 && (padding === 'SAME' || padding === 'VALID');
  return fits && allFinite(x);
}

function poolInfo(x: Tensor4D, attrs: NamedAttrMap): backend_util.Conv2DInfo {
  const {filterSize, strides, pad, dimRoundingMode} = attrs as unknown as MaxPoolAttrs;
  return backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
}

function attributes(x: Tensor4D, attrs: NamedAttrMap): Record<string, AttributeValue> {
  const info = poolInfo(x, attrs);
  return {
    T: FLOAT,
    ksize: [1, info.filterHeight, info.filterWidth, 1],
    strides: [1, info.strideHeight, info.strideWidth, 1],
    padding: info.padInfo.type,
    data_format: 'NHWC',
    workspace_enabled: true,
    _kernel: 'MklNameChangeOp',
  };
}
