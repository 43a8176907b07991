import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {marginSignature, signatureFeatures} from '../../../src/evaluation/signature.js';
import {expectRefusal} from '../../support/expect_no_leak.js';

describe('marginSignature', () => {
  it('describes the distances of the right examples over the root of the total variation', () => {
    // Root 2: margins 0.5, 1, 1.5, 2, 2.5; wrong and broken examples do not count.
    const signature = marginSignature('hidden', [5, -8, 1, NaN, 2, 3, 0, 4, Infinity], 4);
    expect(signature).toEqual({
      ...{layer: 'hidden', margins: 5},
      ...{lowerFence: 0.5, q1: 1, median: 1.5, q3: 2, upperFence: 2.5},
    });
    expect(signatureFeatures([signature, signature])).toEqual([0.5, 1, 1.5, 2, 2.5, 0.5, 1, 1.5, 2, 2.5]);
  });

  it('takes all examples where it is asked to', () => {
    expect(marginSignature('input', [-3, -1, 1], 1, 'all')).toMatchObject({margins: 3, median: -1});
  });

  it('does not change with the scale of the layer', () => {
    const list = fc.array(fc.integer({min: -1e6, max: 1e6}), {minLength: 1, maxLength: 30});
    fc.assert(
      fc.property(list, fc.integer({min: -20, max: 20}), (distances, exponent) => {
        // A layer that is c times as large has c times the distances and c^2 times the variation.
        const c = 2 ** exponent;
        const scaled = distances.map(distance => distance * c);
        expect(marginSignature('a', scaled, 3 * c * c, 'all')).toEqual(
          marginSignature('a', distances, 3, 'all'),
        );
      }),
    );
  });

  it('is NaN, not 0, where there is no margin or no variation', () => {
    for (const signature of [marginSignature('a', [-1], 1), marginSignature('a', [1], 0)])
      expect(signatureFeatures([signature]).every(Number.isNaN)).toBe(true);
  });

  it('refuses margins of another kind', async () => {
    await expectRefusal(() => marginSignature('a', [1], 1, 'negative' as never), 'margins', "'positive'");
  });
});
