import * as tf from '@tensorflow/tfjs-core';
import {allCases} from '../../contract/slopes/cases.js';
import {secondSlopeError, slopeError} from '../../contract/slopes/compare.js';

describe('mended gradients on webgl agree with differences of the values', () => {
  beforeAll(() => tf.setBackend('webgl'));
  beforeEach(() => expect(tf.getBackend()).toBe('webgl'));

  for (const slopeCase of allCases) {
    it(slopeCase.name, () => expect(slopeError(slopeCase)).toBeLessThan(1e-4));
    it(`${slopeCase.name}, differentiated again`, () =>
      expect(secondSlopeError(slopeCase)).toBeLessThan(1e-3));
  }
});
