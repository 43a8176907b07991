import {describe, expect, it} from 'vitest';
import {measureKernels} from './measure_kernels.mjs';

const cases = [
  {group: 'CNN', title: 'conv1', kernel: 'Conv2D', flops: 4e6},
  {group: 'CNN', title: 'dense', kernel: 'BatchMatMul', flops: 8e6},
];

/** A worker with a stock convolution and both sorts of product, whose calls take 1, 2 and 4 ms. */
const madeUp = (load = '') => ({
  file: process.execPath,
  args: [
    '-e',
    `require('node:readline').createInterface({input: process.stdin}).on('line', line => {
      const answer = () => {
        if (JSON.parse(line).ask === 'turn') return {times: [[1], [2, 2, 100], [4]]};
        ${load}
        return {players: [{index: 0, whose: 'stock'}, {index: 1, whose: 'ours'}, {index: 1, whose: 'stock'}]};
      };
      console.log('ANSWER ' + JSON.stringify(answer()));
    });`,
  ],
});

describe('measureKernels', () => {
  it('gives the speed of the median call, ours and stock, for each variant', async () => {
    const asked: string[] = [];
    const command = (variant: string) => (asked.push(variant), madeUp());
    const rows = await measureKernels({rounds: 2, command, cases: cases as never});
    expect(asked).toEqual(['simd', 'relaxed-simd']);
    // 4e6 in 1 ms are 4e9 a second; 8e6 in 2 ms and in 4 ms.
    expect(rows.map(({gflops}: {gflops: object}) => gflops)).toEqual([
      {simd: {stock: 4}, 'relaxed-simd': {stock: 4}},
      {simd: {ours: 4, stock: 2}, 'relaxed-simd': {ours: 4, stock: 2}},
    ]);
  });

  it('throws where our kernels do not run as wanted', async () => {
    const failing = () => madeUp("return {error: 'expected all kernels on simd'};");
    await expect(measureKernels({rounds: 1, command: failing, cases: cases as never})).rejects.toThrow(
      'expected all kernels on simd',
    );
  });
});
