import {clone, engine, type Tensor} from '@tensorflow/tfjs-core';

/** The same values as a constant: a gradient kernel has no slope with respect to what it only looks at. */
export function offTape<T extends Tensor>(x: T): T {
  const {state} = engine();
  state.kernelDepth++;
  try {
    return clone(x);
  } finally {
    state.kernelDepth--;
  }
}

/** Whether operations are recorded now, as while a gradient is made that is to be differentiated again. */
export function isTaped(): boolean {
  const {gradientDepth, kernelDepth} = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}
