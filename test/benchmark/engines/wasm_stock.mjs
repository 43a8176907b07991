import {startWasm} from './wasm.mjs';

const NEEDED = 'Conv2DBackpropFilter';

/** tfjs's wasm backend as it is installed: takes part as soon as it can train a convnet. */
export const engine = {
  name: 'wasm-stock',
  title: 'wasm, stock',
  order: 6,
  parts: ['wasm'],
  start: async () => {
    const started = await startWasm();
    if (started.tf.getKernel(NEEDED, 'wasm')) return started;
    return {unavailable: `it cannot train a convolution: tfjs has no ${NEEDED} on wasm`};
  },
};
