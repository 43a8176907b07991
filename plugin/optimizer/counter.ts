import {keep, scalar, type Scalar} from '@tensorflow/tfjs-core';

/** A number as a tensor to be saved: one tensor for as long as the number is the same, since tfjs's saving disposes of none. */
export class Counter {
  private held?: {count: number; tensor: Scalar};

  /** The count as int32 []; it stays the counter's own. */
  tensorOf(count: number): Scalar {
    if (this.held?.count !== count || this.held.tensor.isDisposed) {
      this.dispose();
      this.held = {count, tensor: keep(scalar(count, 'int32'))};
    }
    return this.held.tensor;
  }

  dispose(): void {
    this.held?.tensor.dispose();
    this.held = undefined;
  }
}
