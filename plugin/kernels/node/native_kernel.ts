import type {GradConfig, KernelConfig, Tensor} from '@tensorflow/tfjs-core';
import type {GradientStandIn, OptimizerStandIn} from '../stand_in.js';

/** One faster kernel: what it adds to tfjs, and what of tfjs it stands in for while it is in place. */
export interface NativeKernel {
  name: string;
  /** A kernel under a name of its own, with its gradient; harmless to everybody else, so never taken away. */
  own?: {kernel: KernelConfig; gradient: GradConfig};
  /** Stands in for the gradient of an operation; the inputs and outputs that are saved stay tfjs's. */
  gradient?: GradientStandIn;
  /** Stand in for tfjs-node's kernels. */
  kernels?: Array<{of: string; replace: (stock: KernelConfig) => KernelConfig}>;
  /** Stands in for the step of an optimizer. */
  optimizer?: OptimizerStandIn;
  /** Frees what was kept while the kernel was in place. */
  remove?: () => void;
  /**
   * A small program of public tfjs functions that uses what is replaced. Its results with and without the kernel are
   * compared when the kernels are enabled.
   */
  sample: () => Tensor[];
  /** How far a result may be off, relative to its largest value; 1e-5 where nothing is said. */
  tolerance?: number;
}
