const WIDTHS = [16, 32, 64];
const UNITS = 9;

/**
 * The paper's net for CIFAR-10: an input convolution and three blocks of nine residual units with two 3x3 convolutions
 * each, normalization before activation (Zagoruyko & Komodakis 2016), a 1x1 convolution where a block begins: 58
 * convolutions, 859,898 weights, batch norm's averages among them.
 */
export const net = {
  name: 'resnet',
  title: '58-convolution ResNet',
  guessMs: 20,
  inputShape: [32, 32, 3],
  /** The input and three evenly spaced convolutional layers in the middle; the paper adds the output. */
  marginLayers: ['input', 'block1', 'block2', 'block3'],
  build: (tf, {classes, seed}) => {
    let count = 0;
    const conv = (x, filters, kernelSize, strides = 1) => {
      const kernelInitializer = tf.initializers.heNormal({seed: 1000 * seed + count++});
      const shape = {filters, kernelSize, strides, padding: 'same', useBias: false};
      return tf.layers.conv2d({...shape, kernelInitializer}).apply(x);
    };
    const activate = x => tf.layers.reLU().apply(tf.layers.batchNormalization().apply(x));
    const input = tf.input({shape: net.inputShape, name: 'input'});
    let x = conv(input, WIDTHS[0], 3);
    WIDTHS.forEach((width, block) => {
      for (let unit = 0; unit < UNITS; unit++) {
        const strides = block > 0 && unit === 0 ? 2 : 1;
        const activated = activate(x);
        const shortcut = unit === 0 ? conv(activated, width, 1, strides) : x;
        const inner = activate(conv(activated, width, 3, strides));
        const name = unit === UNITS - 1 ? {name: `block${block + 1}`} : {};
        x = tf.layers.add(name).apply([shortcut, conv(inner, width, 3)]);
      }
    });
    const pooled = tf.layers.globalAveragePooling2d({}).apply(activate(x));
    const kernelInitializer = tf.initializers.heNormal({seed: 1000 * seed + count});
    const logits = tf.layers.dense({units: classes, kernelInitializer}).apply(pooled);
    return tf.model({inputs: input, outputs: logits});
  },
};
