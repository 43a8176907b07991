export {conv2D, conv2DScratch} from './conv2d';
export {conv2DBackpropInput, conv2DBackpropInputScratch} from './conv2d_backprop_input';
export {depthwise} from './depthwise';
export {gemm, gemmScratch} from './gemm';
export {poolGrad} from './pools';
export {gate, minimum, minimumGrad, normalize, rowScratch, tile} from './elementwise';
export {adamStep, momentumStep, rmsPropStep} from './optimizer_steps';
export {batchNormSums, sums} from './sums';
