// Attacks with this package, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).
// Usage: node attack_speed_worker.mjs tfjs-node | tfjs-node-tuned
import {answerQuestions} from '../../scripts/benchmark/answer_questions.mjs';
import {readCase} from './case_file.mjs';
import {allEngines} from './engines/index.mjs';
import {findNet} from './nets/index.mjs';

const engine = (await allEngines()).find(({name}) => name === process.argv[2]);
let attack;

const asks = {
  async load({case: file}) {
    const {tf, versions, note, unavailable} = await engine.start();
    if (unavailable) return {unavailable};
    attack = await makeAttack(tf, file);
    return {note, versions: {Node: process.versions.node, tfjs: tf.version_core, ...versions}};
  },
  attack: question => attack(question),
};

/** A function that attacks as many of the pictures, and tells how long it took and how many it left right. */
async function makeAttack(tf, file) {
  const {ifgsm, pgd} = await import('tfjs-large-margin');
  const {labels, tensors} = readCase(tf, file);
  const [x, ...weights] = tensors;
  const net = (await findNet('mnist-cnn')).build(tf, {classes: 10, seed: 0});
  net.setWeights(weights);
  return async ({count, epsilon, steps, stepSize, batch, leaving}) => {
    const pictures = tf.slice(x, [0, 0, 0, 0], [count, ...x.shape.slice(1)]);
    const options = {epsilon, steps, stepSize, batchSize: batch, loss: 'crossEntropy'};
    // Both make the same steps; ifgsm makes them for every example to the end, from the picture itself.
    const run = leaving ? pgd : ifgsm;
    const start = performance.now();
    const {adversarial, success} = await run(at => net.apply(at), pictures, labels.slice(0, count), options);
    const ms = performance.now() - start;
    tf.dispose([pictures, adversarial]);
    return {ms, robust: success.filter(broken => !broken).length};
  };
}

await answerQuestions(asks);
