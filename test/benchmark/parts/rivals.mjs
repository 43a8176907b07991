import {modes} from '../modes.mjs';

export const part = {
  name: 'rivals',
  order: 4,
  always: false,
  about: 'of the part mnist what the bars are about: batch 256; cross-entropy, k1, exact, random rival',
  cases: () => [
    {
      ...{net: 'mnist-cnn', batch: 256, classes: 10},
      modes: ['ce', 'all-k1', 'exact-k1', 'random-k1'].map(name => modes[name]),
    },
  ],
};
