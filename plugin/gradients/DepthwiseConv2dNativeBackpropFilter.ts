import {
  depthwiseConv2d,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type GradConfig,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** Linear in x and in dy; with g in the place of the filter its slopes are the convolution's own gradient and value. */
export const depthwiseConv2dNativeBackpropFilterGradConfig: GradConfig = {
  kernelName: DepthwiseConv2dNativeBackpropFilter,
  inputsToSave: ['x', 'dy'],
  gradFunc: (g, saved, attrs) => {
    const [x, dy] = saved as Tensor4D[];
    const {strides, pad, dimRoundingMode, dilations} =
      attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs;
    return {
      x: () =>
        engine().runKernel(DepthwiseConv2dNativeBackpropInput, {dy, filter: g as Tensor}, {
          strides,
          pad,
          dimRoundingMode,
          dilations,
          inputShape: x.shape,
        } as never) as Tensor,
      dy: () =>
        depthwiseConv2d(
          x,
          g as Tensor4D,
          strides,
          pad as 'valid',
          'NHWC',
          dilations as [number, number],
          dimRoundingMode,
        ),
    };
  },
};
