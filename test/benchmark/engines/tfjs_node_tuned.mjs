import {engine as stock} from './tfjs_node.mjs';

/** tfjs-node with our kernels in place of its slow ones. */
export const engine = {
  name: 'tfjs-node-tuned',
  title: 'tfjs-node, tuned',
  order: 2,
  parts: ['mnist', 'mlp', 'rivals', 'resnet', 'growth', 'wasm'],
  start: async () => {
    const started = await stock.start();
    const {enableNativeKernels} = await import('tfjs-large-margin/node');
    if (!enableNativeKernels) return {unavailable: 'this build has no enableNativeKernels'};
    const off = enableNativeKernels({scope: 'everywhere'}).filter(({state}) => state === 'off');
    return {...started, note: off.map(({name, reason}) => `${name} off: ${reason}`).join('; ')};
  },
};
