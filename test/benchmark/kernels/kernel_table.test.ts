import {describe, expect, it} from 'vitest';
import {formatKernels, withForward} from './kernel_table.mjs';

const row = (kernel: string, title: string, ours: number | undefined, stock: number | undefined) => ({
  ...{group: 'CNN', kernel, title},
  gflops: {simd: {ours, stock}, 'relaxed-simd': {ours: ours && 2 * ours, stock}},
});

const rows = [
  row('Conv2D', 'conv1', undefined, 10),
  row('Conv2DBackpropFilter', 'conv1', 15, undefined),
  row('Conv2D', 'conv2', undefined, 30),
  row('BatchMatMul', 'dense', 24, 2),
];

describe('withForward', () => {
  it('sets ours beside the forward convolution of the layer, products beside conv2', () => {
    const ratios = withForward(rows).map(({toForward}: {toForward: object}) => toForward);
    expect(ratios).toEqual([{}, {simd: 1.5, 'relaxed-simd': 3}, {}, {simd: 0.8, 'relaxed-simd': 1.6}]);
  });
});

describe('formatKernels', () => {
  it('has a heading a group, and a dash where there is no such kernel', () => {
    const text = formatKernels(rows);
    expect(text.match(/^CNN$/gm)).toHaveLength(1);
    expect(text).toMatch(/Conv2DBackpropFilter +conv1 +15\.0 +30\.0 +- +1\.50 +3\.00/);
    expect(text).toMatch(/Conv2D +conv1 +- +- +10\.0 +- +-/);
  });
});
