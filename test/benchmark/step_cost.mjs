// What a training step costs: cross-entropy, and a margin at all layers, first-order and exact, in one run with the
// modes in turn; medians after warm-up. Usage: npm run benchmark -- [--steps 20] [--batch 256]
import * as tf from '@tensorflow/tfjs-node';
import {LargeMarginModel} from 'tfjs-large-margin';
import os from 'node:os';
import {parseArgs} from 'node:util';

const {values: args} = parseArgs({
  options: {
    steps: {type: 'string', default: '20'},
    'warm-up': {type: 'string', default: '5'},
    batch: {type: 'string', default: '256'},
  },
});
const [steps, warmUp, batch] = [args.steps, args['warm-up'], args.batch].map(Number);

/** The paper's MNIST net: two 5x5 convolutions (32, 64) with pooling, dense 512. */
function paperNet() {
  const conv = filters => ({filters, kernelSize: 5, padding: 'same', activation: 'relu'});
  return tf.sequential({
    layers: [
      tf.layers.conv2d({...conv(32), inputShape: [28, 28, 1]}),
      tf.layers.maxPooling2d({poolSize: 2}),
      tf.layers.conv2d(conv(64)),
      tf.layers.maxPooling2d({poolSize: 2}),
      tf.layers.flatten(),
      tf.layers.dense({units: 512, activation: 'relu'}),
      tf.layers.dense({units: 10}),
    ],
  });
}

const margin = {gamma: 1, topK: 1, layers: 'all'};
const modes = {
  'cross-entropy': base => base,
  'first-order top-1, all layers': base => new LargeMarginModel(base, {...margin, gradient: 'firstOrder'}),
  'exact top-1, all layers': base => new LargeMarginModel(base, {...margin, gradient: 'exact'}),
};

const x = tf.randomUniform([batch, 28, 28, 1], 0, 1, 'float32', 1);
const y = tf.oneHot(tf.range(0, batch).mod(10).toInt(), 10);
const models = Object.entries(modes).map(([name, wrap]) => {
  const model = wrap(paperNet());
  model.compile({optimizer: tf.train.rmsprop(1e-4), loss: 'categoricalCrossentropy'});
  return {name, model, times: []};
});
for (let step = -warmUp; step < steps; step++) {
  for (const {model, times} of models) {
    const start = performance.now();
    await model.trainOnBatch(x, y);
    if (step >= 0) times.push(performance.now() - start);
  }
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const base = median(models[0].times);
console.log(
  `${os.cpus()[0].model}, ${os.cpus().length} cores; Node ${process.version}; tfjs ${tf.version_core}`,
);
console.log(`backend ${tf.getBackend()}; paper's net, batch ${batch}, median of ${steps} steps\n`);
console.log(`${'mode'.padEnd(32)}${'ms a step'.padStart(10)}${'x cross-entropy'.padStart(17)}`);
for (const {name, times} of models) {
  const ms = median(times);
  console.log(`${name.padEnd(32)}${ms.toFixed(0).padStart(10)}${(ms / base).toFixed(2).padStart(17)}`);
}
