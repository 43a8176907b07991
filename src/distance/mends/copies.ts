import {reshape, sum, type Tensor} from '@tensorflow/tfjs-core';

/**
 * The gradient of `tile`: the sum over all copies, one axis after the other. tfjs takes a slice of dy for each copy, which
 * in exact mode means one for each pixel and example wherever there is a batch norm.
 *
 * @param dy What `tile` made of x, or its slope.
 * @param shape The shape of x, of the same rank.
 */
export function sumOverCopies(dy: Tensor, shape: number[]): Tensor {
  return shape.reduce((slope, size, axis) => {
    const copied = slope.shape[axis];
    if (copied === size) return slope;
    const [before, after] = [slope.shape.slice(0, axis), slope.shape.slice(axis + 1)];
    const apart = reshape(slope, [product(before), copied / size, size, product(after)]);
    return reshape(sum(apart, 1), [...before, size, ...after]);
  }, dy);
}

const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);
