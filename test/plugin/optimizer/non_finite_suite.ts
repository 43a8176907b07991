import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {findNonFinite} from '../../../plugin/optimizer/non_finite.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

/** What is found in gradients, on the engine of the process: NaN is not the same on all of them. */
export function describeFinding(): void {
  const found = (numbers: number[][]) => {
    const gradients = numbers.map((values, i) => ({name: `v${i}`, tensor: tf.tensor1d(values)}));
    const name = expectNoLeak(() => ({name: findNonFinite(gradients)})).name;
    tf.dispose(gradients);
    return name;
  };

  describe('NaN and Infinity in gradients', () => {
    it('are found under the name of the first variable that has them', () => {
      expect(found([[1, 2], [0, NaN], [NaN]])).toBe('v1');
      expect(found([[1], [2], [3, -Infinity]])).toBe('v2');
      expect(found([[Infinity], [NaN]])).toBe('v0');
    });

    it('are found where they would cancel in a sum, and in the middle of many', () => {
      expect(found([[Infinity, -Infinity]])).toBe('v0');
      const many = Array.from({length: 5000}, (_, i) => (i === 2500 ? NaN : i));
      expect(found([[1], many])).toBe('v1');
    });

    it('are not seen where only the sum is infinite', () => {
      expect(found([[3e38, 3e38, 3e38], [1]])).toBeUndefined();
      expect(found([[3e38, 3e38], [NaN]])).toBe('v1');
    });

    it('are not seen in finite numbers of any size, nor in an empty tensor', () => {
      expect(found([[0, -0, 1e-45, 3.4e38], []])).toBeUndefined();
    });
  });
}
