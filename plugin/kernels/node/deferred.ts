import {dispose, engine, Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import {NATIVE, nativeBackend, type NativeBackend} from './native_backend.js';

/** Computes a result from tensors that hold what the inputs held when it was put off. */
type Run = (inputs: Tensor[]) => TensorInfo;

/**
 * Stands in for the record that tfjs-node's backend keeps of a tensor: the operation runs when the values are asked
 * for, never where nobody does. The backend asks for `values` before it uses `id`, and disposes by counting down
 * `refCount`.
 */
class Deferred {
  id = -1;
  private references = 1;
  private inputs: TensorInfo[] | null;

  constructor(
    private readonly native: NativeBackend,
    readonly shape: number[],
    readonly dtype: number,
    inputs: TensorInfo[],
    private readonly run: Run,
  ) {
    // What is put off itself is computed now: a chain would hold all its links, and be as deep as it is long.
    native.getInputTensorIds(inputs);
    // Not the objects themselves: a variable may be given other data.
    this.inputs = inputs.map(({dataId, shape, dtype}) => ({dataId, shape, dtype}));
    this.inputs.forEach(({dataId}) => native.incRef(dataId));
  }

  get isPending(): boolean {
    return this.inputs !== null;
  }

  /** What it is made from, until it is. */
  get sources(): TensorInfo[] {
    return this.inputs ?? [];
  }

  get values(): null {
    if (this.inputs !== null) this.compute(this.inputs);
    return null;
  }

  get refCount(): number {
    return this.references;
  }

  set refCount(count: number) {
    this.references = count;
    if (count === 0) this.release();
  }

  private compute(inputs: TensorInfo[]): void {
    onNative(this.native, () => {
      const tensors = inputs.map(info => {
        this.native.incRef(info.dataId);
        return engine().makeTensorFromTensorInfo(info, this.native);
      });
      try {
        const made = this.run(tensors);
        const result = made instanceof Tensor ? made : engine().makeTensorFromTensorInfo(made);
        const record = this.native.tensorMap.get(result.dataId);
        // The values change hands.
        [this.id, record.id] = [record.id, -1];
        result.dispose();
      } finally {
        dispose(tensors);
      }
    });
    this.release();
  }

  private release(): void {
    const {sources} = this;
    this.inputs = null;
    for (const {dataId} of sources) {
      // Somebody may have moved it to another backend meanwhile.
      const backend = engine().state.tensorInfo.get(dataId)?.backend ?? this.native;
      if (backend.disposeData(dataId)) engine().removeDataId(dataId, backend);
    }
  }
}

/** A result of this shape, float32, that is computed when it is asked for. */
export function defer(shape: number[], inputs: TensorInfo[], run: Run): TensorInfo {
  const native = nativeBackend();
  const dataId = {};
  native.tensorMap.set(dataId, new Deferred(native, shape, native.binding.TF_FLOAT, inputs, run));
  return {dataId, shape, dtype: 'float32'};
}

/** What a result is made from that nobody has asked for yet; null where somebody has, and for all other tensors. */
export function sourcesOf({dataId}: TensorInfo): TensorInfo[] | null {
  const record = nativeBackend().tensorMap.get(dataId);
  return record instanceof Deferred && record.isPending ? record.sources : null;
}

/** Runs f on tfjs-node whoever asks, and on which backend; it is no step of theirs to be recorded. */
function onNative(native: NativeBackend, f: () => void): void {
  const current = engine() as unknown as {backendName: string; backendInstance: unknown};
  const {backendName, backendInstance} = current;
  const {state} = engine();
  [current.backendName, current.backendInstance] = [NATIVE, native];
  state.kernelDepth++;
  try {
    f();
  } finally {
    state.kernelDepth--;
    [current.backendName, current.backendInstance] = [backendName, backendInstance];
  }
}
