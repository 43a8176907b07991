import {buildSequential} from './sequential.mjs';

const conv = filters => ({op: 'conv', filters, activation: 'relu', tap: true});

/** The paper's MNIST net: two 5x5 convolutions (32, 64) with pooling, dense 512. */
export const net = {
  name: 'mnist-cnn',
  title: "paper's MNIST CNN",
  /** A guess of a step's ms for each example, for the time left. */
  guessMs: 1,
  inputShape: [28, 28, 1],
  /** Without `layers` a net has no Python rivals. */
  layers: classes => [
    conv(32),
    {op: 'pool'},
    conv(64),
    {op: 'pool'},
    {op: 'flatten'},
    {op: 'dense', units: 512, activation: 'relu', tap: true},
    {op: 'dense', units: classes},
  ],
  build: (tf, {classes, seed}) => buildSequential(tf, net.layers(classes), net.inputShape, seed),
};
