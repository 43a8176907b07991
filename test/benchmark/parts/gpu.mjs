import {existsSync} from 'node:fs';
import {modes} from '../modes.mjs';

const DEVICE = '/dev/nvidia0';

export const part = {
  name: 'gpu',
  order: 6,
  always: true,
  about: "the paper's MNIST CNN at batch 256 and 1024 on tfjs-node-gpu; says so where there is no GPU",
  unavailable: (device = DEVICE) =>
    existsSync(device)
      ? null
      : `no GPU: untested (there is no ${device}; on a machine with one: npm run native -- --gpu)`,
  cases: () =>
    [256, 1024].map(batch => ({
      ...{net: 'mnist-cnn', batch, classes: 10},
      modes: ['ce', 'all-k1', 'exact-k1'].map(name => modes[name]),
    })),
};
