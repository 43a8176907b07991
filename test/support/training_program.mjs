/**
 * Trains a net with all that a checkpoint must bring back, until it ends or is killed.
 *
 * Its argument is JSON: `library` (the URL of the built library's folder), `engine` ('native' or 'cpu'), `folder` (of the
 * checkpoints), `keep`, `saveEvery`, `epochs`, `at` (at which operation of the file system it kills itself; 0: never),
 * `when` ('before' or 'after' it). Says `begun` when the first batch begins, and in the end `done <JSON>`: hashes of all
 * that it ended with.
 */
import {Buffer} from 'node:buffer';
import {createHash} from 'node:crypto';
import {writeSync} from 'node:fs';
import {watched} from './checkpoint_operations.mjs';

const {library, engine, folder, keep, saveEvery, epochs, at, when} = JSON.parse(process.argv[2]);
const load = path => import(`${library}/${path}`);
const {default: tf} = await import(engine === 'native' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-core');
if (engine === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
const {layers, sequential} = (await import('@tensorflow/tfjs-layers')).default;
await tf.setBackend(engine === 'native' ? 'tensorflow' : 'cpu');
const plugin = await load('plugin/index.js');
const {CheckpointFolder} = await load('plugin/node/checkpoints/checkpoint_folder.js');
const {nodeFileSystem} = await load('plugin/node/checkpoints/file_system.js');

/** Operations that change something, or see to it that it stays. */
const COUNTED = new Set([
  ...['makeFolders', 'makeFolder', 'create', 'write', 'sync', 'syncFolder'],
  ...['rename', 'removeFile', 'removeFolder'],
]);

let count = 0;
const fileSystem = watched(nodeFileSystem, async (name, run) => {
  if (!COUNTED.has(name)) return run();
  count++;
  if (count === at && when === 'before') die();
  const result = await run();
  if (count === at && when === 'after') die();
  return result;
});

const random = new plugin.RandomStream(1);
const filled = shape =>
  tf.tensor(
    Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.next()),
    shape,
  );
const labelsFor = size =>
  tf.oneHot(tf.tensor1d(Int32Array.from({length: size}, () => random.nextUint32() % 3)), 3);
const [x, y] = [filled([22, 8, 8, 1]), tf.cast(labelsFor(22), 'float32')];
const validationData = [filled([10, 8, 8, 1]), tf.cast(labelsFor(10), 'float32')];

// Their initial weights are drawn from Math.random: they differ in each process until a checkpoint is read.
const net = sequential({
  layers: [
    layers.gaussianNoise({stddev: 0.1, inputShape: [8, 8, 1]}),
    layers.conv2d({filters: 8, kernelSize: 3, activation: 'relu', name: 'conv'}),
    layers.batchNormalization({axis: 3}),
    layers.maxPooling2d({poolSize: 2}),
    layers.flatten(),
    layers.dropout({rate: 0.3}),
    layers.dense({units: 32, activation: 'relu', name: 'hidden'}),
    layers.dense({units: 3, activation: 'softmax'}),
  ],
});
for (const weight of net.weights) weight.write(tf.sub(tf.mul(filled(weight.shape), 0.4), 0.1));
const model = new plugin.LargeMarginModel(net, {
  ...{gamma: plugin.schedules.exponentialDecay({initial: 1, decaySteps: 10, decayRate: 0.9})},
  ...{layers: ['input', 'hidden'], rivals: 'random', topK: 1, seed: 3},
});
const optimizer = new plugin.LargeMarginOptimizer('adam', {
  learningRate: plugin.schedules.cosineDecay({initial: 0.01, decaySteps: 500}),
  ...{globalClipNorm: 1, accumulationSteps: 3},
});
optimizer.stream.seed = 4;
model.compile({optimizer, metrics: ['accuracy']});
const stop = plugin.earlyStopping({monitor: 'val_loss', patience: epochs, restoreBestWeights: true});
const mine = new plugin.RandomStream(5);
let isBegun = false;
const onBatchBegin = () => {
  if (!isBegun) writeSync(1, 'begun\n');
  isBegun = true;
};
const history = await plugin.resumableFit(model, x, y, {
  ...{epochs, batchSize: 4, seed: 6, saveEvery, validationData, streams: {mine}},
  checkpoints: new CheckpointFolder(folder, {keep}, fileSystem),
  augment: ([pictures], own) => [tf.mul(pictures, 0.9 + 0.2 * own.next() + 0.01 * mine.next())],
  callbacks: [{onBatchBegin}, plugin.learningRateLogger(), stop],
});

const hashOf = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};
const bytesOf = tensor => Buffer.from(tensor.dataSync().slice().buffer);
const done = {
  weights: hashOf(...model.weights.map(weight => bytesOf(weight.read()))),
  optimizer: hashOf(...(await optimizer.getWeights()).map(({tensor}) => bytesOf(tensor))),
  history: hashOf(JSON.stringify(history)),
  streams: hashOf(JSON.stringify([mine.getState(), model.stream.steps, stop.best, stop.bestEpoch])),
  epochs: history.epoch.length,
};
writeSync(1, `done ${JSON.stringify(done)}\n`);

function die() {
  process.kill(process.pid, 'SIGKILL');
  // Not one more operation, however long the signal takes.
  for (;;);
}
