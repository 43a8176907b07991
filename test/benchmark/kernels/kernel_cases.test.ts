import {expect, it} from 'vitest';
import {kernelCases} from './kernel_cases.mjs';

const find = (kernel: string, title: string) =>
  kernelCases.find(one => one.kernel === kernel && one.title === title) as {
    flops: number;
    shapes: Record<string, number[]>;
  };

it('counts a product and a sum for each number of a filter at each place', () => {
  // 64 pictures, 14 x 14 places, 64 filters of 5 x 5 x 32: 64 * 196 * 64 * 800 = 642,252,800 products.
  for (const kernel of ['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput'])
    expect(find(kernel, 'conv2').flops).toBe(1_284_505_600);
  // 8 * 56 * 56 * 32 numbers, 9 products for each.
  expect(find('DepthwiseConv2dNative', 'depthwise 3').flops).toBe(2 * 802_816 * 9);
  expect(find('BatchMatMul', "512 x 512 x 512, A' B'").flops).toBe(2 * 512 ** 3);
});

it('has the dense layer with the shapes of its slopes', () => {
  const {shapes} = find('BatchMatMul', "dense, its weights, A' B");
  expect(shapes).toEqual({a: [1, 64, 3136], b: [1, 64, 512]});
  expect(find('BatchMatMul', "dense, its input, A B'").shapes).toEqual({a: [1, 64, 512], b: [1, 3136, 512]});
});
