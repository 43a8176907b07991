import {describe, expect, it} from 'vitest';
import {checkTensors} from '../../../../plugin/kernels/wasm/check_tensors.js';

const float = (shape: number[]) => ({dtype: 'float32' as const, shape});

describe('the check of tensors', () => {
  it('accepts float32 of the shapes that are wanted', () => {
    expect(() => checkTensors('Kernel', {x: [float([2, 3]), [2, 3]], y: [float([]), []]})).not.toThrow();
  });

  it('names the first tensor that is something else, with what it should be', () => {
    const tensors = {x: [float([2, 3]), [2, 3]], dy: [float([2, 3]), [3, 2]]} as const;
    expect(() => checkTensors('Kernel', tensors as never)).toThrow(
      'Kernel: expected dy to be float32 [3,2], got float32 [2,3]',
    );
    expect(() => checkTensors('Kernel', {x: [{dtype: 'int32', shape: [2]}, [2]]})).toThrow(
      'Kernel: expected x to be float32 [2], got int32 [2]',
    );
    expect(() => checkTensors('Kernel', {x: [float([1, 2]), [2]]})).toThrow('got float32 [1,2]');
  });
});
