import {
  conv2d,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  engine,
  type Conv2DBackpropFilterAttrs,
  type GradConfig,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** Linear in x and in dy; with g in the place of the filter its slopes are the convolution's own gradient and value. */
export const conv2DBackpropFilterGradConfig: GradConfig = {
  kernelName: Conv2DBackpropFilter,
  inputsToSave: ['x', 'dy'],
  gradFunc: (g, saved, attrs) => {
    const [x, dy] = saved as Tensor4D[];
    const {strides, pad, dataFormat, dimRoundingMode} = attrs as unknown as Conv2DBackpropFilterAttrs;
    return {
      x: () =>
        engine().runKernel(Conv2DBackpropInput, {dy, filter: g as Tensor}, {
          strides,
          pad,
          dataFormat,
          dimRoundingMode,
          inputShape: x.shape,
        } as never) as Tensor,
      dy: () => conv2d(x, g as Tensor4D, strides, pad as 'valid', dataFormat, 1, dimRoundingMode),
    };
  },
};
