// Writes one case, in a process of its own: node make_case.mjs <net> <batch> <classes> <file.json>. The weights and the
// batch go as float32 into a file beside it, so that every engine starts from the same numbers.
import * as tf from '@tensorflow/tfjs-node';
import {writeCase} from './case_file.mjs';
import {findNet} from './nets/index.mjs';

const SEED = 1;

const [netName, batchText, classesText, file] = process.argv.slice(2);
const [batch, classes] = [Number(batchText), Number(classesText)];
const net = await findNet(netName);
const model = await net.build(tf, {classes, seed: SEED});
const x = tf.randomUniform([batch, ...net.inputShape], 0, 1, 'float32', SEED);
const y = tf.oneHot(tf.randomUniform([batch], 0, classes, 'int32', SEED + 1), classes).toFloat();
const tensors = [
  {name: 'x', tensor: x},
  {name: 'y', tensor: y},
  ...model.getWeights().map((tensor, i) => ({name: `weight${i}`, tensor})),
].map(({name, tensor}) => ({name, shape: tensor.shape, values: tensor.dataSync()}));
const layers = net.layers?.(classes) ?? null;
writeCase(file, {net: netName, batch, classes, layers, weights: model.countParams()}, tensors);
