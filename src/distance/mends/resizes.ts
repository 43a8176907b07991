import {
  concat,
  customGrad,
  eye,
  getBackend,
  image,
  matMul,
  reshape,
  slice,
  type ResizeNearestNeighborAttrs,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type {MendedKernel} from '../mended_nodes.js';

type Resize = (x: Tensor4D, size: [number, number]) => Tensor4D;

/** ResizeNearestNeighborGrad as it should be; cpu has it right for the first example of a batch only. */
export const resizeNearestNeighborGrad: MendedKernel = ({dy, images}, attrs, own) => {
  const {alignCorners, halfPixelCenters} = readAttrs(attrs);
  const resize: Resize = (x, size) => image.resizeNearestNeighbor(x, size, alignCorners, halfPixelCenters);
  const run = (dy: Tensor4D) => {
    if (isIgnored(attrs, images)) return byMatrices(dy, images.shape, resize);
    const batch = images.shape[0];
    if (getBackend() !== 'cpu' || batch === 1) return own({dy, images}, attrs);
    const ofExample = (t: Tensor, i: number) => slice(t, [i, 0, 0, 0], [1, -1, -1, -1]);
    const examples = Array.from({length: batch}, (_, i) =>
      own({dy: ofExample(dy, i), images: ofExample(images, i)}, attrs),
    );
    return concat(examples);
  };
  return linear(dy, run, resize);
};

/** ResizeBilinearGrad as it should be; cpu mixes up height and width in the shape of the result. */
export const resizeBilinearGrad: MendedKernel = ({dy, images}, attrs, own) => {
  const {alignCorners, halfPixelCenters} = readAttrs(attrs);
  const resize: Resize = (x, size) => image.resizeBilinear(x, size, alignCorners, halfPixelCenters);
  const run = (dy: Tensor4D) =>
    isIgnored(attrs, images)
      ? byMatrices(dy, images.shape, resize)
      : reshape(own({dy, images}, attrs), images.shape);
  return linear(dy, run, resize);
};

const readAttrs = (attrs: unknown) => attrs as ResizeNearestNeighborAttrs;

/** Every backend's gradient ignores halfPixelCenters; with aligned corners some divide by 0 for a side of one pixel. */
function isIgnored(attrs: unknown, {shape}: Tensor): boolean {
  const {alignCorners, halfPixelCenters} = readAttrs(attrs);
  return halfPixelCenters || (alignCorners && (shape[1] === 1 || shape[2] === 1));
}

/** Linear in dy; the slope for dy is the resizing itself. */
function linear(dy: Tensor, run: (dy: Tensor4D) => Tensor, resize: Resize): Tensor {
  const size: [number, number] = [dy.shape[1]!, dy.shape[2]!];
  const value = customGrad((...args: unknown[]) => ({
    value: run(args[0] as Tensor4D),
    gradFunc: (g: Tensor) => resize(g as Tensor4D, size),
  }));
  return value(dy);
}

/** Resizing is a product with one matrix from each side, so that its gradient is one with their transposes. */
function byMatrices(dy: Tensor4D, to: number[], resize: Resize): Tensor {
  const [batch, height, width, channels] = to;
  const [, tall, wide] = dy.shape;
  const rows = reshape(matrixOf(resize, height, tall), [1, tall, height]);
  const columns = reshape(matrixOf(resize, width, wide), [1, wide, width]);
  const shrunk = matMul(rows, reshape(dy, [batch, tall, wide * channels]), true);
  return reshape(matMul(columns, reshape(shrunk, [batch * height, wide, channels]), true), to);
}

/** What a resizing from one length to another does, [to, from]: the resized columns of the identity. */
function matrixOf(resize: Resize, from: number, to: number): Tensor2D {
  return reshape(resize(reshape(eye(from), [1, from, from, 1]), [to, from]), [to, from]);
}
