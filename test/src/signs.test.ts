import {tensor1d} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {signs} from '../../src/signs.js';
import {engineLabel} from '../support/engine.js';
import {expectNoLeak} from '../support/expect_no_leak.js';

describe(`signs on ${engineLabel}`, () => {
  it('are right for the smallest slopes', () => {
    const x = tensor1d([1e-6, 1e-7, -1e-8, 4e-18, -1e-37, 0, -0, 3, -2e30]);
    const found = expectNoLeak(() => signs(x));
    // + 0 makes 0 of -0.
    expect(Array.from(found.dataSync(), value => value + 0)).toEqual([1, 1, -1, 1, -1, 0, 0, 1, -1]);
  });
});
