import {modes} from '../modes.mjs';

export const part = {
  name: 'mnist',
  order: 1,
  always: true,
  about: "the paper's MNIST CNN at batch 64 and 256: all modes, tfjs-node and its Python rivals",
  cases: () =>
    [64, 256].map(batch => ({
      net: 'mnist-cnn',
      batch,
      classes: 10,
      modes: Object.values(modes),
    })),
};
