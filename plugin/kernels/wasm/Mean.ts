import {Mean} from '@tensorflow/tfjs-core';
import {sumKernel} from './sum_kernel.js';

export const mean = sumKernel(Mean, true);
