// One engine, one net, one mode, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).
// Usage: node worker.mjs <engine>
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {allEngines} from './engines/index.mjs';
import {findNet} from './nets/index.mjs';

const LEARNING_RATE = 1e-4;

const engine = (await allEngines()).find(({name}) => name === process.argv[2]);
let step;

const asks = {
  async load({case: file, mode}) {
    const {tf, versions, note, unavailable} = await engine.start();
    if (unavailable) return {unavailable};
    step = await makeStep(tf, file, mode);
    const losses = [await step(), await step()];
    return {losses, note, versions: {Node: process.versions.node, tfjs: tf.version_core, ...versions}};
  },
  async steps({count}) {
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      await step();
      times.push(performance.now() - start);
    }
    return {times};
  },
};

/** A function that makes one step, as a user would, and returns the loss before it. */
async function makeStep(tf, file, mode) {
  const {net: name, classes, tensors} = JSON.parse(readFileSync(file, 'utf8'));
  const net = await findNet(name);
  const values = readTensors(tf, file, tensors);
  const base = await net.build(tf, {classes, seed: 0});
  base.setWeights(values.slice(2));
  const model = mode ? await wrap(base, mode, net) : base;
  const loss = mode ? undefined : (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits);
  model.compile({optimizer: tf.train.rmsprop(LEARNING_RATE), loss});
  const [x, y] = values;
  return async () => [await model.trainOnBatch(x, y)].flat()[0];
}

async function wrap(base, mode, net) {
  const {LargeMarginModel} = await import('tfjs-large-margin');
  const layers = mode.layers === 'all' ? (net.marginLayers ?? 'all') : mode.layers;
  return new LargeMarginModel(base, {...mode, layers});
}

function readTensors(tf, file, tensors) {
  const bytes = readFileSync(join(dirname(file), JSON.parse(readFileSync(file, 'utf8')).data));
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let offset = 0;
  return tensors.map(({shape}) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(data.slice(offset, (offset += size)), shape);
  });
}

for await (const line of createInterface({input: process.stdin})) {
  let answer;
  try {
    const message = JSON.parse(line);
    answer = await asks[message.ask](message);
  } catch (error) {
    answer = {error: String(error?.message ?? error)};
  }
  process.stdout.write(`ANSWER ${JSON.stringify(answer)}\n`);
}
process.exit(0);
