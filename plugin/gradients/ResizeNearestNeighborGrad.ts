import {
  image,
  ResizeNearestNeighborGrad,
  zerosLike,
  type GradConfig,
  type ResizeNearestNeighborAttrs,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** Linear in dy, the transpose of the resizing: its slope for dy is the resizing of g; images give their shape only. */
export const resizeNearestNeighborGradGradConfig: GradConfig = {
  kernelName: ResizeNearestNeighborGrad,
  inputsToSave: ['dy', 'images'],
  gradFunc: (g, saved, attrs) => {
    const [dy, images] = saved as Tensor4D[];
    const {alignCorners, halfPixelCenters} = attrs as unknown as ResizeNearestNeighborAttrs;
    const size: [number, number] = [dy.shape[1], dy.shape[2]];
    return {
      dy: () => image.resizeNearestNeighbor(g as Tensor4D, size, alignCorners, halfPixelCenters),
      images: () => zerosLike(images) as Tensor,
    };
  },
};
