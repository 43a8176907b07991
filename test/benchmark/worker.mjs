// One engine, one net, one mode, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).
// Usage: node worker.mjs <engine>
import {answerQuestions} from '../../scripts/benchmark/answer_questions.mjs';
import {readCase} from './case_file.mjs';
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
  const {net: name, classes, tensors} = readCase(tf, file);
  const net = await findNet(name);
  const base = await net.build(tf, {classes, seed: 0});
  base.setWeights(tensors.slice(2));
  const model = mode ? await wrap(base, mode, net) : base;
  const loss = mode ? undefined : (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits);
  model.compile({optimizer: tf.train.rmsprop(LEARNING_RATE), loss});
  const [x, y] = tensors;
  return async () => [await model.trainOnBatch(x, y)].flat()[0];
}

async function wrap(base, mode, net) {
  const {LargeMarginModel} = await import('tfjs-large-margin');
  const layers = mode.layers === 'all' ? (net.marginLayers ?? 'all') : mode.layers;
  return new LargeMarginModel(base, {...mode, layers});
}

await answerQuestions(asks);
