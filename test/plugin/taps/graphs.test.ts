import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  layers,
  model,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {describe, it} from 'vitest';
import type {LargeMarginModelOptions} from '../../../plugin/margin_plan.js';
import {intercept} from '../../../plugin/taps.js';
import {expectClose} from '../../support/expect_close.js';
import {ArgumentError} from '../../../src/checks.js';
import {randomTensor} from '../../support/randoms.js';
import {taped} from '../../support/taped.js';
import {planOf} from '../../support/margin_plans.js';
import {apply, dense, seeded} from '../../support/tiny_models.js';

/** The gradients of y_0 - y_1 at the margin layers, of the first example. */
function gradientsAt(net: LayersModel, margins: string[], xs: tf.Tensor[]): Record<string, number[]> {
  const dy = tf.tensor2d([[1, -1, 0], [1, -1, 0]]); // prettier-ignore
  const plan = planOf(net, {layers: margins});
  return taped(() => {
    const {logits, activations} = intercept(net, plan, xs, true);
    const {grads} = tf.engine().gradients(() => logits, Object.values(activations), dy, true);
    const first = (g: tf.Tensor) => Array.from(g.dataSync().slice(0, g.size / 2));
    return Object.fromEntries(Object.keys(activations).map((name, i) => [name, first(grads[i])]));
  });
}

/** A layer's kernel times a vector: what its gradient makes of one behind it. */
function back(net: LayersModel, name: string, vector: number[]): number[] {
  const kernel = net.getLayer(name).getWeights()[0].arraySync() as number[][];
  return kernel.map(row => row.reduce((total, value, i) => total + value * vector[i], 0));
}

function read(net: LayersModel, options: Partial<LargeMarginModelOptions>, xs: tf.Tensor[]) {
  return taped(() => {
    const {outputs, logits} = intercept(net, planOf(net, options), xs, true);
    const numbers = (t: tf.Tensor) => Array.from(t.dataSync());
    return {outputs: outputs.map(numbers), logits: numbers(logits), softmax: numbers(tf.softmax(logits))};
  });
}

/** A net whose numbers would be wrong is refused in so many words, or its numbers are right. */
function refusedOr(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
  }
}

const predictions = (net: LayersModel, xs: tf.Tensor[]) =>
  tf.tidy(() => [net.predict(xs)].flat().map(t => Array.from(t.dataSync())));
const a = randomTensor([2, 4], 1);
const b = randomTensor([2, 4], 2);

describe('intercept reaches', () => {
  const difference = [1, -1, 0];

  it('layers inside nested models', () => {
    const inner = sequential({name: 'inner', layers: [dense('i1', 5, {inputShape: [4]}), dense('i2', 4)]});
    const x = input({shape: [4], name: 'x'});
    const net = seeded(model({inputs: x, outputs: apply(dense('scores'), apply(inner, x))}));
    const found = gradientsAt(net, ['i1', 'i2'], [a]);
    const atI2 = back(net, 'scores', difference);
    expectClose(found.i2, atI2, 1e-5);
    const kernel = inner.getLayer('i2').getWeights()[0].arraySync() as number[][];
    expectClose(
      found.i1,
      kernel.map(row => row.reduce((total, value, i) => total + value * atI2[i], 0)),
      1e-5,
    );
  });

  it('both uses of a shared layer, each under its name', () => {
    const shared = dense('shared', 4);
    const x = input({shape: [4], name: 'x'});
    const net = seeded(model({inputs: x, outputs: apply(dense('scores'), apply(shared, apply(shared, x)))}));
    const found = gradientsAt(net, ['shared'], [a]);
    const atSecond = back(net, 'scores', difference);
    expectClose(found['shared:1'], atSecond, 1e-5);
    expectClose(found['shared:0'], back(net, 'shared', atSecond), 1e-5);
  });

  it('the use of a shared layer that the name means, in whatever order tfjs runs branches that join', () => {
    const shared = dense('shared', 4);
    const [x, y] = [input({shape: [4], name: 'x'}), input({shape: [4], name: 'y'})];
    const [ofX, ofY] = [apply(shared, x), apply(shared, y)];
    const sum = apply(layers.add(), [ofX, apply(dense('d', 4), ofY)]);
    const net = seeded(model({inputs: [x, y], outputs: apply(dense('scores'), sum)}));
    const found = gradientsAt(net, ['shared'], [a, b]);
    const atSum = back(net, 'scores', difference);
    const {taps} = planOf(net, {layers: ['shared']});
    for (const name of ['shared:0', 'shared:1']) {
      const tap = taps.get(name)!;
      const isX = 'call' in tap && tap.call.output === ofX;
      expectClose(found[name], isX ? atSum : back(net, 'd', atSum), 1e-5);
    }
  });

  it('the use that the name means also where both uses have the same input', () => {
    const shared = dense('shared', 4);
    const x = input({shape: [4], name: 'x'});
    const [one, two] = [apply(shared, x), apply(shared, x)];
    const sum = apply(layers.add(), [apply(dense('u', 4), one), apply(dense('v', 4), two)]);
    const net = seeded(model({inputs: x, outputs: apply(dense('scores'), sum)}));
    const found = gradientsAt(net, ['shared'], [a]);
    const atSum = back(net, 'scores', difference);
    const {taps} = planOf(net, {layers: ['shared']});
    for (const name of ['shared:0', 'shared:1']) {
      const tap = taps.get(name)!;
      const isOne = 'call' in tap && tap.call.output === one;
      expectClose(found[name], back(net, isOne ? 'u' : 'v', atSum), 1e-5);
    }
  });

  it('layers that lead to both used outputs of a nested model', () => {
    const y = input({shape: [4], name: 'y'});
    const trunk = apply(dense('trunk', 4), y);
    const heads = [apply(dense('o1'), trunk), apply(dense('o2'), trunk)];
    const nested = model({name: 'n', inputs: y, outputs: heads});
    const x = input({shape: [4], name: 'x'});
    const sum = apply(layers.add(), nested.apply(x) as SymbolicTensor[]);
    const net = seeded(model({inputs: x, outputs: apply(dense('scores'), sum)}));
    const atSum = back(net, 'scores', difference);
    const [one, two] = ['o1', 'o2'].map(name => back(nested, name, atSum));
    expectClose(
      gradientsAt(net, ['trunk'], [a]).trunk,
      one.map((value, i) => value + two[i]),
      1e-5,
    );
  });

  it('a layer that hands its input through, after which the net forks: only what follows it counts', () => {
    const x = input({shape: [4], name: 'x'});
    const h = apply(dense('h', 4), x);
    const linear = apply(layers.activation({activation: 'linear', name: 'linear'}), h);
    const net = seeded(
      model({inputs: x, outputs: apply(layers.add(), [apply(dense('u'), linear), apply(dense('v'), h)])}),
    );
    const found = gradientsAt(net, ['linear', 'h'], [a]);
    const [u, v] = ['u', 'v'].map(name => back(net, name, difference));
    expectClose(
      found.h,
      u.map((value, i) => value + v[i]),
      1e-5,
    );
    expectClose(found.linear, u, 1e-5);
  });
});

describe('intercept gives the numbers of the model itself, or refuses,', () => {
  it('where the final softmax is used within the net too', () => {
    const x = input({shape: [4], name: 'x'});
    const softmax = layers.activation({activation: 'softmax', name: 'shared_softmax'});
    const gate = apply(softmax, apply(dense('gate'), x));
    const net = seeded(model({inputs: x, outputs: apply(softmax, apply(dense('scores'), gate))}));
    refusedOr(() => expectClose(read(net, {layers: 'input'}, [a]).softmax, predictions(net, [a])[0], 1e-5));
  });

  it('where another output is computed from the probabilities', () => {
    const x = input({shape: [4], name: 'x'});
    const classes = apply(dense('classes', 3, {activation: 'softmax'}), x);
    const net = seeded(model({inputs: x, outputs: [classes, apply(dense('value', 1), classes)]}));
    refusedOr(() => {
      const {outputs} = read(net, {layers: 'input', output: 'classes'}, [a]);
      expectClose(outputs[1], predictions(net, [a])[1], 1e-5);
    });
  });

  it('where a softmax runs over parts of the scores only', () => {
    const net = seeded(
      sequential({
        layers: [
          dense('d', 6, {inputShape: [4]}),
          layers.reshape({targetShape: [2, 3]}),
          layers.activation({activation: 'softmax'}),
          layers.flatten(),
        ],
      }),
    );
    // Such an output is no distribution over 6 classes, so its numbers are the logits.
    refusedOr(() => {
      const seen = read(net, {layers: ['output']}, [a]);
      expectClose(seen.logits, predictions(net, [a])[0], 1e-5);
    });
  });
});
