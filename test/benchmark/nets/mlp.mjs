import {buildSequential} from './sequential.mjs';

const dense = units => ({op: 'dense', units, activation: 'relu', tap: true});

export const net = {
  name: 'mlp',
  title: 'MLP 784-256-128-10',
  guessMs: 0.1,
  inputShape: [784],
  layers: classes => [dense(256), dense(128), {op: 'dense', units: classes}],
  build: (tf, {classes, seed}) => buildSequential(tf, net.layers(classes), net.inputShape, seed),
};
