import * as tf from '@tensorflow/tfjs';

/** The two MNIST nets: 'paper' is the paper's, 'small' has half its filters and a quarter of its dense units. */
export type NetKind = 'small' | 'paper';

export interface NetOptions {
  kind: NetKind;
  /** Batch normalization before each hidden activation. */
  batchNorm?: boolean;
  /** Rate of the dropout before the logits. */
  dropout?: number;
  /** Factor of half the sum of squared kernel weights in the loss, as TensorFlow's l2_loss has it. */
  weightDecay?: number;
  seed: number;
}

const SIZES = {small: [16, 32, 128], paper: [32, 64, 512]};

/** Two 5x5 convolutions with pooling and a dense layer; 28x28 pixels in, 10 logits out; He normal start. */
export function mnistNet({
  kind,
  batchNorm = false,
  dropout = 0,
  weightDecay = 0,
  seed,
}: NetOptions): tf.Sequential {
  const [first, second, dense] = SIZES[kind];
  const net = tf.sequential({name: `mnist_${kind}`});
  let layerSeed = seed * 1000;
  const weights = () => ({
    kernelInitializer: tf.initializers.heNormal({seed: ++layerSeed}),
    kernelRegularizer: weightDecay > 0 ? tf.regularizers.l2({l2: weightDecay / 2}) : undefined,
  });
  const addActivated = (layer: tf.layers.Layer) => {
    net.add(layer);
    if (batchNorm)
      net.add(tf.layers.batchNormalization({name: `${layer.name}_bn`, epsilon: 1e-3, momentum: 0.95}));
    net.add(tf.layers.reLU({name: `${layer.name}_relu`}));
  };
  const conv = (filters: number, name: string) => ({
    filters,
    kernelSize: 5,
    padding: 'same' as const,
    name,
    ...weights(),
  });
  addActivated(tf.layers.conv2d({...conv(first, 'conv1'), inputShape: [28, 28, 1]}));
  net.add(tf.layers.maxPooling2d({poolSize: 2, name: 'pool1'}));
  addActivated(tf.layers.conv2d(conv(second, 'conv2')));
  net.add(tf.layers.maxPooling2d({poolSize: 2, name: 'pool2'}));
  net.add(tf.layers.flatten());
  addActivated(tf.layers.dense({units: dense, name: 'dense', ...weights()}));
  if (dropout > 0) net.add(tf.layers.dropout({rate: dropout}));
  net.add(tf.layers.dense({units: 10, name: 'logits', ...weights()}));
  return net;
}
