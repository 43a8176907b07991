import * as tf from '@tensorflow/tfjs-core';
import {afterAll, describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import type {SlopeCase} from './cases.js';
import {secondSlopeError, slopeError} from './compare.js';

/** The tests of one engine: every case, once first and once second order. */
export function testSlopes(cases: SlopeCase[]): void {
  describe(`gradients on ${tf.getBackend()} agree with differences of the values`, () => {
    const worst = {first: 0, second: 0};
    afterAll(() => console.log(`slopes on ${tf.getBackend()}: worst errors ${JSON.stringify(worst)}`));

    it.each(cases)('$name', slopeCase => {
      const before = tf.memory().numTensors;
      const error = slopeError(slopeCase);
      worst.first = Math.max(worst.first, error);
      expect(error).toBeLessThan(1e-4);
      expect(tf.memory().numTensors).toBe(before);
    });

    it.each(cases)('$name, differentiated again', slopeCase => {
      const before = tf.memory().numTensors;
      const error = secondSlopeError(slopeCase);
      worst.second = Math.max(worst.second, error);
      expect(error).toBeLessThan(1e-3);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
