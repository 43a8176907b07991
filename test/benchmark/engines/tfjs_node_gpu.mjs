/** tfjs-node-gpu on a GPU; on a machine without one it would compute on the CPU in silence, so that is asked. */
export const engine = {
  name: 'tfjs-node-gpu',
  title: 'tfjs-node-gpu',
  order: 10,
  parts: ['gpu'],
  start: async () => {
    const tf = await load();
    if (!tf) return {unavailable: 'not installed'};
    const {binding, isUsingGpuDevice} = tf.backend();
    if (!isUsingGpuDevice) return {unavailable: 'it found no GPU'};
    return {tf, versions: {'libtensorflow (GPU)': binding.TF_Version}};
  },
};

async function load() {
  try {
    return (await import('@tensorflow/tfjs-node-gpu')).default;
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}
