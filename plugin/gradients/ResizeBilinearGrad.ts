import {
  image,
  ResizeBilinearGrad,
  zerosLike,
  type GradConfig,
  type ResizeBilinearAttrs,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** Linear in dy, the transpose of the resizing: its slope for dy is the resizing of g; images give their shape only. */
export const resizeBilinearGradGradConfig: GradConfig = {
  kernelName: ResizeBilinearGrad,
  inputsToSave: ['dy', 'images'],
  gradFunc: (g, saved, attrs) => {
    const [dy, images] = saved as Tensor4D[];
    const {alignCorners, halfPixelCenters} = attrs as unknown as ResizeBilinearAttrs;
    const size: [number, number] = [dy.shape[1], dy.shape[2]];
    return {
      dy: () => image.resizeBilinear(g as Tensor4D, size, alignCorners, halfPixelCenters),
      images: () => zerosLike(images) as Tensor,
    };
  },
};
