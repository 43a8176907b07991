import {checkNorm, checkPositive} from './checks.js';
import type {MarginOptions, Norm} from './types.js';

/**
 * Margin options that are known to work together; spread them and add `layers`, `rivals`, ...
 *
 * @example
 * const options = {...presets.authors('l2'), rivals: 'random', layers: ['input', 'conv1', 'conv2']};
 */
export const presets = {
  /**
   * Gives the conventions of the authors' published code: class probabilities, first-order gradients, gamma 10000,
   * terms capped at 4 gamma, the strongest rival, for l_inf gradient norms divided by the layer's size, no
   * cross-entropy, mean over the layers, batch statistics inside the gradient. The authors' number is this margin minus gamma.
   */
  authors(norm: Norm): MarginOptions {
    checkNorm('presets.authors', norm);
    const scale = norm === 'linf' || norm === Infinity ? 'size' : 1;
    return {
      ...{norm, scale, gamma: 10000, clip: 4, topK: 1, aggregate: 'max', rivals: 'top'},
      ...{scores: 'probabilities', gradient: 'firstOrder', crossEntropyWeight: 0, reduceLayers: 'mean'},
      batchStatistics: 'differentiated',
    };
  },

  /**
   * Gives exact margins of logits in units of gamma, averaged over the layers: what made nets robust against
   * I-FGSM in the reference experiments (linf, gamma 0.15, crossEntropyWeight 0 on MNIST).
   *
   * @throws ArgumentError for a bad norm or gamma.
   */
  robust({norm, gamma, crossEntropyWeight = 1}: RobustArgs): MarginOptions {
    checkNorm('presets.robust', norm);
    checkPositive('presets.robust', 'gamma', gamma);
    return {
      ...{norm, gamma, crossEntropyWeight, marginWeight: 1 / gamma},
      ...{scores: 'logits', gradient: 'exact', reduceLayers: 'mean'},
    };
  },
};

export interface RobustArgs {
  norm: Norm;
  /** Distance wanted, in units of the layers. */
  gamma: number;
  /** Default 1. */
  crossEntropyWeight?: number;
}
