import {dispose, type Optimizer, type Tensor} from '@tensorflow/tfjs-core';
import {keptTensors} from '../../src/index.js';

/**
 * Runs a step. Where it throws after its metrics were computed, as when gradients are not finite, those are let go of:
 * tfjs keeps them to report them, and forgets them then.
 *
 * @param optimizer Its `minimize` is watched while the step, which must be synchronous, runs.
 */
export function releasingMetrics<T>(optimizer: Optimizer, run: () => T): T {
  const before = Object.getOwnPropertyDescriptor(optimizer, 'minimize');
  const minimize = optimizer.minimize.bind(optimizer);
  let kept: Tensor[] = [];
  optimizer.minimize = (f, ...rest) => {
    const watched = () => {
      const cost = f();
      kept = keptTensors();
      return cost;
    };
    return minimize(watched, ...rest);
  };
  try {
    return run();
  } catch (error) {
    dispose(kept);
    throw error;
  } finally {
    Reflect.deleteProperty(optimizer, 'minimize');
    if (before) Object.defineProperty(optimizer, 'minimize', before);
  }
}
