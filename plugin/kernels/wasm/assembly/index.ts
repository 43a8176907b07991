export {conv2DBackpropInput, conv2DBackpropInputScratch} from './conv2d_backprop_input';
export {gemm, gemmScratch} from './gemm';
export {depthwise} from './depthwise';
export {poolGrad} from './pools';
