/** tfjs-node as it is installed: the engine that the others' losses are compared with. */
export const engine = {
  name: 'tfjs-node',
  title: 'tfjs-node, stock',
  order: 1,
  parts: ['mnist', 'mlp', 'rivals', 'wasm'],
  start: async () => {
    const tf = await import('@tensorflow/tfjs-node');
    return {tf, versions: {libtensorflow: tf.backend().binding.TF_Version}};
  },
};
