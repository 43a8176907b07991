import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {clipGradients, type ClippingOptions} from '../../../plugin/optimizer/clipping.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';

/** What becomes of the numbers of gradients. */
function clipped(numbers: number[][], options: ClippingOptions): number[][] {
  const gradients = numbers.map((values, i) => ({name: `${i}`, tensor: tf.tensor1d(values)}));
  const results = expectNoLeak(() => clipGradients(gradients, options));
  const values = results.map(({tensor}) => Array.from(tensor.dataSync()));
  tf.dispose([gradients, results]);
  return values;
}

/** What clipping does with numbers, on the engine of the process: NaN is not the same on all of them. */
export function describeClipping(): void {
  describe('clipping by the global norm', () => {
    it('scales all gradients by one factor where their norm is larger', () => {
      // |(3, 4), (12)| = 13; 13 / 2.6 = 5.
      const [a, b] = clipped([[3, 4], [12]], {globalClipNorm: 2.6});
      expectClose([...a, ...b], [0.6, 0.8, 2.4], 2e-7);
    });

    it('returns every bit as it was where the norm is not larger', () => {
      expect(clipped([[3, -4], [-0]], {globalClipNorm: 5})).toEqual([[3, -4], [-0]]);
      const tiny = [[1e-30, 2e-38].map(Math.fround)];
      expect(clipped(tiny, {globalClipNorm: 1e-3})).toEqual(tiny);
    });

    it('does not overflow for the largest float32 numbers', () => {
      // 3e38 squared is far beyond float32: |(3e38, -3e38)| = 3e38 sqrt 2; the unit vector has 1 / sqrt 2 twice.
      const [[a, b]] = clipped([[3e38, -3e38]], {globalClipNorm: 1});
      expectClose([a, b], [Math.SQRT1_2, -Math.SQRT1_2], 2e-7);
      const [[c], [d]] = clipped([[3e38], [3e30]], {globalClipNorm: 1e-3});
      expectClose([c], [1e-3], 2e-7);
      expectClose([d], [1e-11], 2e-7);
    });

    it('does not lose the smallest', () => {
      // Squares of 1e-25 are 0 in float32.
      const [[a, b]] = clipped([[3e-25, 4e-25]], {globalClipNorm: 5e-26});
      expectClose([a, b], [3e-26, 4e-26], 2e-7, 1e-30);
    });

    it('leaves zeros at zero', () => {
      expect(clipped([[0, 0], [0]], {globalClipNorm: 1})).toEqual([[0, 0], [0]]);
    });

    it('leaves gradients with NaN or Infinity as they are', () => {
      expect(clipped([[NaN, 30], [40]], {globalClipNorm: 1})).toEqual([[NaN, 30], [40]]);
      expect(clipped([[30], [-Infinity, 40]], {globalClipNorm: 1})).toEqual([[30], [-Infinity, 40]]);
      expect(clipped([[NaN], [Infinity]], {globalClipNorm: 1})).toEqual([[NaN], [Infinity]]);
    });
  });

  describe('clipping by value', () => {
    it('clips each number, and nothing else', () => {
      expect(
        clipped(
          [
            [0.25, -3, 2, 0.5],
            [-0.5, 0],
          ],
          {clipValue: 0.5},
        ),
      ).toEqual([
        [0.25, -0.5, 0.5, 0.5],
        [-0.5, 0],
      ]);
      expect(clipped([[Infinity, -Infinity]], {clipValue: 2})).toEqual([[2, -2]]);
    });

    it('never hides NaN', () => {
      expect(clipped([[NaN, 3]], {clipValue: 1})).toEqual([[NaN, 1]]);
    });
  });
}
