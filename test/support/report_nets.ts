import {matMul, reshape, tensor, tensor2d, tidy, type Tensor} from '@tensorflow/tfjs-core';
import type {EvaluationState} from '../../src/evaluation/evaluation_state.js';
import type {Subject} from '../../src/evaluation/subject.js';
import type {Classifier} from '../../src/index.js';
import {randoms} from './randoms.js';

const [INPUTS, CLASSES] = [6, 3];

/** A linear net of 6 inputs and 3 classes, with a fingerprint; it holds no tensors. */
export function linearNet(seed = 1): Classifier {
  const weights = Array.from(randoms(INPUTS * CLASSES, seed));
  const net = (x: Tensor) =>
    tidy(() => matMul(reshape(x, [-1, INPUTS]), tensor2d(weights, [INPUTS, CLASSES])));
  return Object.assign(net, {fingerprint: () => `linear net ${seed}`});
}

/** Inputs [size, 6] between 0.1 and 0.9, and the classes that a net gives them, every fifth one wrong. */
export function casesFor(net: Classifier, size = 20, seed = 7): {x: Tensor; labels: Int32Array} {
  const x = tensor(
    randoms(size * INPUTS, seed).map(value => 0.5 + 0.4 * Math.sin(9 * value)),
    [size, INPUTS],
  );
  const classes = tidy(() => net(x).argMax(1).dataSync());
  return {x, labels: Int32Array.from(classes, (label, i) => (i % 5 === 4 ? (label + 1) % CLASSES : label))};
}

/** What a report is about: five examples and the linear net, in batches of two. */
export function fiveExamples(): Subject {
  const x = tensor2d(
    [...Array(30).keys()].map(i => i / 30),
    [5, INPUTS],
  );
  const labels = Int32Array.of(0, 1, 2, 0, 1);
  const examples = {caller: 'report', classifier: linearNet(), x, labels, classes: CLASSES};
  return {...examples, norm: 'l2', bounds: [0, 1], batchSize: 2, seed: 3};
}

/** A state in memory, with all that was ever written. */
export class MemoryState implements EvaluationState {
  readonly written: string[] = [];
  constructor(public text: string | null = null) {}

  async read(): Promise<string | null> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.written.push(text);
    this.text = text;
  }
}
