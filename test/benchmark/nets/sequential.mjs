/** How the layers of a list are called in tfjs. */
export const layerName = index => `layer${index}`;

/**
 * Builds a plain net out of a list of layers that the Python rivals read too: {op: 'conv' | 'pool' | 'flatten' | 'dense',
 * activation, tap}; `tap` says that a margin layer is after it.
 */
export function buildSequential(tf, layers, inputShape, seed) {
  const net = tf.sequential();
  layers.forEach(({op, activation, filters, units}, i) => {
    const kernelInitializer = tf.initializers.heNormal({seed: 100 * seed + i});
    const common = {name: layerName(i), activation, kernelInitializer, ...(i === 0 && {inputShape})};
    if (op === 'conv') net.add(tf.layers.conv2d({...common, filters, kernelSize: 5, padding: 'same'}));
    else if (op === 'dense') net.add(tf.layers.dense({...common, units}));
    else if (op === 'pool') net.add(tf.layers.maxPooling2d({name: layerName(i), poolSize: 2}));
    else net.add(tf.layers.flatten({name: layerName(i)}));
  });
  return net;
}
