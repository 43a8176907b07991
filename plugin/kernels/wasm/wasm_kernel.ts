import type {GradConfig, NamedTensorMap, Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import type {GradientStandIn, OptimizerStandIn} from '../stand_in.js';
import type {SideModule} from './side_module.js';
import type {WasmBackend} from './wasm_backend.js';

/** One call of a kernel. */
export interface KernelCall<Attrs = unknown> {
  inputs: NamedTensorMap;
  attrs: Attrs;
  backend: WasmBackend;
  /** Runs tfjs's own kernel of this name on this call; throws where there is none. */
  stock: () => TensorInfo | TensorInfo[];
}

/** One kernel of the wasm backend: twice the same, fast and plain. */
export interface WasmKernel {
  /** The kernel's registered name. */
  name: string;
  /** Computes with the side module. The caller disposes of the result; on an error nothing is left. */
  run: (call: KernelCall<never>, module: SideModule) => TensorInfo | TensorInfo[];
  /** Computes the same from tfjs's public operations: what runs where there is no module, and what it is compared with. */
  compose: (call: KernelCall<never>) => Tensor | Tensor[] | TensorInfo | TensorInfo[];
  /** Why tfjs's own kernel, which `compose` then runs, is the better one on a backend; null where it is not. */
  leave?: (backend: WasmBackend) => string | null;
  /** Runs the kernel by its name on small cases. */
  sample: () => Tensor[];
  /** How far a result may be off, relative to its largest value; 1e-5 where nothing is said. */
  tolerance?: number;
  /** The gradient of a kernel under a name of its own, so that a gradient that runs it can be differentiated again. */
  ownGradient?: GradConfig;
  /** What runs the kernel: it stands in for the gradient of an operation, on wasm only. */
  gradient?: GradientStandIn;
  /** What runs the kernel: it stands in for the step of an optimizer, on wasm only. */
  optimizer?: OptimizerStandIn;
}
