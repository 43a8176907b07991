import {measureKernels} from '../kernels/measure_kernels.mjs';
import {modes} from '../modes.mjs';
import {net as mobilenet} from '../nets/mobilenet.mjs';

const paper = (batch, names) => ({
  ...{net: 'mnist-cnn', batch, classes: 10},
  modes: names.map(name => modes[name]),
});

export const part = {
  name: 'wasm',
  order: 7,
  always: false,
  about: "wasm, with and without relaxed SIMD, beside tfjs-node: the paper's CNN, MobileNet, each kernel",
  cases: () => [
    paper(64, ['ce', 'all-k1', 'all-k3', 'all-k9']),
    paper(256, ['ce', 'all-k1']),
    ...(mobilenet.unavailable() ? [] : [tuned]),
  ],
  notes: () => {
    const reason = mobilenet.unavailable();
    return reason ? [`MobileNet: ${reason}`] : [];
  },
  kernels: measureKernels,
};

const tuned = {
  ...{net: 'mobilenet', batch: 8, classes: 16, rounds: 4},
  // Noise of 1e-7 in the pictures moves the loss after one update by 3e-3: RMSProp's first step is as long for a slope near
  // 0 as for a steep one.
  tolerances: [1e-4, 1e-2],
  modes: [modes.ce, {...modes['all-k1'], name: 'two-k1', title: 'input and block 5, k1'}],
};
