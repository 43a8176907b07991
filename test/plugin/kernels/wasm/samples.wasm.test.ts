import {beforeAll, describe, expect, it} from 'vitest';
import {random} from '../../../../plugin/kernels/wasm/samples.js';
import {startWasmOn} from '../../../support/wasm_engine.js';

describe('what small cases are made of', () => {
  beforeAll(async () => void (await startWasmOn('simd')));

  it('are the same numbers at each call, in the range that is asked for', () => {
    const [a, b, other] = [random([40], 1, -3, -2), random([40], 1, -3, -2), random([40], 2)].map(x =>
      Array.from(x.dataSync()),
    );
    expect(a).toEqual(b);
    expect(Math.min(...a)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...a)).toBeLessThan(-2);
    expect(Math.min(...other)).toBeLessThan(0);
    expect(Math.max(...other)).toBeGreaterThan(0);
    expect(Math.max(...other.map(Math.abs))).toBeLessThanOrEqual(1);
  });
});
