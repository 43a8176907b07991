import {Sum} from '@tensorflow/tfjs-core';
import {sumKernel} from './sum_kernel.js';

export const sum = sumKernel(Sum, false);
