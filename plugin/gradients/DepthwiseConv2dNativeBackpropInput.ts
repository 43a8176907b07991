import {
  depthwiseConv2d,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type GradConfig,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** Linear in dy, the transpose of the convolution: its slope for dy is the convolution of g, for the filter that of dy and g. */
export const depthwiseConv2dNativeBackpropInputGradConfig: GradConfig = {
  kernelName: DepthwiseConv2dNativeBackpropInput,
  inputsToSave: ['dy', 'filter'],
  gradFunc: (g, saved, attrs) => {
    const [dy, filter] = saved as Tensor4D[];
    const {strides, pad, dimRoundingMode, dilations} =
      attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs;
    return {
      dy: () =>
        depthwiseConv2d(
          g as Tensor4D,
          filter,
          strides,
          pad as 'valid',
          'NHWC',
          dilations as [number, number],
          dimRoundingMode,
        ),
      filter: () =>
        engine().runKernel(DepthwiseConv2dNativeBackpropFilter, {x: g as Tensor, dy}, {
          strides,
          pad,
          dimRoundingMode,
          dilations,
          filterShape: filter.shape,
        } as never) as Tensor,
    };
  },
};
