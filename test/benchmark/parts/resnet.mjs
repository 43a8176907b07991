import {modes} from '../modes.mjs';

export const part = {
  name: 'resnet',
  order: 3,
  always: true,
  about:
    "the paper's ResNet with 58 convolutions and batch norm, batch 32: cross-entropy, k1, exact; tuned tfjs-node",
  cases: () => [
    {
      ...{net: 'resnet', batch: 32, classes: 10},
      modes: [modes.ce, modes['all-k1'], modes['exact-k1']],
    },
  ],
};
