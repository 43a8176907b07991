import {modes} from '../modes.mjs';

export const part = {
  name: 'mlp',
  order: 2,
  always: true,
  about: 'a dense net, 784-256-128-10, at batch 64 and 256: all modes, tfjs-node and its Python rivals',
  cases: () => [64, 256].map(batch => ({net: 'mlp', batch, classes: 10, modes: Object.values(modes)})),
};
