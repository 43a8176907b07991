import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../../../plugin/index.js';
import {withKernels} from '../../../../plugin/kernel_scope.js';
import {disableNativeKernels, enableNativeKernels} from '../../../../plugin/kernels/node/index.js';
import {expectNoLeak, expectRefusal} from '../../../support/expect_no_leak.js';
import {
  expectSame,
  kernelsRunBy,
  kernelsRunByAsync,
  watchingOperations,
} from '../../../support/native_kernels.js';
import {randomTensor} from '../../../support/randoms.js';
import {registeredGradients} from '../../../support/registered_gradients.js';
import {seeded} from '../../../support/tiny_models.js';

const OPTIMIZERS = [tf.RMSPropOptimizer, tf.AdamOptimizer, tf.MomentumOptimizer, tf.SGDOptimizer];

/** Everything that a kernel may stand in for. */
function registries() {
  const kernels = tf.getKernelsForBackend('tensorflow').map(config => [config.kernelName, config] as const);
  const steps = OPTIMIZERS.map(cls => Object.getOwnPropertyDescriptor(cls.prototype, 'applyGradients'));
  return {gradients: registeredGradients(), kernels: new Map(kernels), steps};
}

/** Expects the very same objects as before. */
function expectAsFound(found: ReturnType<typeof registries>): void {
  const now = registries();
  for (const [name, config] of found.gradients) expect(now.gradients.get(name), name).toBe(config);
  for (const [name, config] of found.kernels) expect(now.kernels.get(name), name).toBe(config);
  expect([...now.gradients.keys()]).toEqual([...found.gradients.keys()]);
  expect([...now.kernels.keys()].sort()).toEqual([...found.kernels.keys()].sort());
  now.steps.forEach((step, i) => expect(step).toEqual(found.steps[i]));
}

function net(seed: number): tfl.Sequential {
  const layers = [
    tfl.layers.conv2d({filters: 3, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1], name: 'conv'}),
    tfl.layers.maxPooling2d({poolSize: 2}),
    tfl.layers.flatten(),
    tfl.layers.dense({units: 3, name: 'scores'}),
  ];
  return seeded(tfl.sequential({layers}), seed);
}

const x = randomTensor([6, 8, 8, 1], 1);
const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3).toFloat();
const margins = (gradient: 'exact' | 'firstOrder' = 'exact') => {
  const model = new LargeMarginModel(net(2), {gamma: 1, layers: ['input', 'conv'], gradient, seed: 1});
  model.compile({optimizer: tf.train.rmsprop(0.01)});
  return model;
};

// The first call adds kernels under names of their own, which stay.
beforeAll(() => void enableNativeKernels());
afterEach(() => disableNativeKernels());

describe('enableNativeKernels', () => {
  it('turns all of them on here, and says so', () => {
    const reports = expectNoLeak(() => enableNativeKernels());
    expect(reports.length).toBeGreaterThan(6);
    for (const report of reports) expect(report).toMatchObject({state: 'on', name: expect.any(String)});
    expect(new Set(reports.map(({name}) => name)).size).toBe(reports.length);
  });

  it('changes nothing outside the steps of a LargeMarginModel', async () => {
    disableNativeKernels();
    const found = registries();
    enableNativeKernels();
    expectAsFound(found);
    const model = margins();
    const watched = new Set<unknown>();
    const relu = tf.customGrad(z => {
      watched.add(tf.getGradient('Relu'));
      const value = tf.clone(z as tf.Tensor);
      return {value, gradFunc: dy => dy};
    });
    model.compile({optimizer: 'adam', metrics: [(_, out) => relu(out)]});
    const names = await kernelsRunByAsync(() => model.trainOnBatch(x, y));
    expect(names).toContain('LargeMarginReluGrad');
    expect(names).toContain('LargeMarginMaxPoolGrad');
    expect([...watched]).not.toContain(found.gradients.get('Relu'));
    expectAsFound(found);
  });

  it('leaves tfjs as found after a step that throws', async () => {
    const found = registries();
    enableNativeKernels();
    const model = margins();
    let seen: unknown;
    const broken = () => {
      seen = tf.getGradient('Relu');
      throw new Error('planted');
    };
    model.compile({optimizer: tf.train.rmsprop(0.01), metrics: [broken]});
    await expect(model.trainOnBatch(x, y)).rejects.toThrow('planted');
    expect(seen).not.toBe(found.gradients.get('Relu'));
    expectAsFound(found);
  });

  it('does not change one bit of a plain model that trains beside a LargeMarginModel', async () => {
    const train = async () => {
      const plain = net(1);
      plain.compile({optimizer: tf.train.rmsprop(0.01), loss: tf.losses.softmaxCrossEntropy});
      const model = margins('firstOrder');
      for (let i = 0; i < 6; i++) {
        await model.trainOnBatch(x, y);
        await plain.trainOnBatch(x, y);
      }
      return plain.getWeights().map(weight => weight.dataSync());
    };
    const alone = await train();
    enableNativeKernels();
    expect(await train()).toEqual(alone);
    // And would see it: rounding differs where the kernels are used.
    enableNativeKernels({scope: 'everywhere'});
    expect(await train()).not.toEqual(alone);
  });

  it.each(['exact', 'firstOrder'] as const)('trains as tfjs does, %s', async gradient => {
    const train = async () => {
      const model = margins(gradient);
      const losses = [];
      for (let i = 0; i < 4; i++) losses.push(((await model.trainOnBatch(x, y)) as number[])[0]);
      const distances = Object.values(model.distances(x, y));
      return [tf.tensor1d(losses), ...distances, ...model.getWeights()].map(t => tf.clone(t));
    };
    const stock = await train();
    enableNativeKernels();
    const ours = await train();
    ours.forEach((tensor, i) => expectSame(tensor, stock[i], 1e-4));
  });

  it("is in every model with scope 'everywhere', until it is disabled", async () => {
    disableNativeKernels();
    const found = registries();
    enableNativeKernels({scope: 'everywhere'});
    const run = () => kernelsRunBy(() => tf.dispose(tf.grad(tf.relu)(x)));
    expect(run()).toContain('LargeMarginReluGrad');
    await margins().trainOnBatch(x, y);
    expect(run()).toContain('LargeMarginReluGrad');
    // The second call takes the place of the first.
    enableNativeKernels();
    expectAsFound(found);
    expect(run()).not.toContain('LargeMarginReluGrad');
    enableNativeKernels({scope: 'everywhere'});
    disableNativeKernels();
    expectAsFound(found);
  });

  it('does not take away what somebody else has put in the same place since', () => {
    const found = tf.getGradient('Relu');
    enableNativeKernels({scope: 'everywhere'});
    const theirs = {...found};
    tf.registerGradient(theirs);
    disableNativeKernels();
    expect(tf.getGradient('Relu')).toBe(theirs);
    tf.registerGradient(found);
  });

  it('keeps a kernel off where it differs from what is registered, and says how', () => {
    const found = tf.getGradient('Relu');
    const twice = (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => ({
      x: () => tf.mul(2, tf.mul(dy as tf.Tensor, tf.step(saved[0]))),
    });
    tf.registerGradient({...found, gradFunc: twice});
    const reports = expectNoLeak(() => enableNativeKernels());
    tf.registerGradient(found);
    expect(reports.find(({name}) => name === 'ReluGrad')).toEqual({
      name: 'ReluGrad',
      state: 'off',
      reason: expect.stringMatching(/^it computed \S+ instead of \S+$/),
    });
    expect(reports.filter(({state}) => state === 'off')).toHaveLength(1);
  });

  it("keeps a kernel off where TensorFlow lacks its operation, in TensorFlow's words", () => {
    const refuse = (name: string) => {
      if (name.startsWith('_MklNativeMaxPool'))
        throw new Error(`Op type not registered '${name}'\nin binary`);
    };
    const enable = () => enableNativeKernels({scope: 'everywhere'});
    const reports = expectNoLeak(() => watchingOperations(refuse, enable));
    expect(reports.find(({name}) => name === 'MaxPool')).toEqual({
      name: 'MaxPool',
      state: 'off',
      reason: "Op type not registered '_MklNativeMaxPool' in binary",
    });
    const pool = (t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 2, 2, 'valid');
    expect(kernelsRunBy(() => tf.grad(pool)(x))).toContain('MaxPoolGrad');
  });

  it('refuses to change anything in the middle of a step', async () => {
    enableNativeKernels();
    const found = registries();
    const within = () => withKernels(() => void enableNativeKernels({scope: 'everywhere'}));
    await expectRefusal(within, 'scope', 'between steps');
    expectAsFound(found);
  });

  it('refuses an unknown scope and changes nothing', async () => {
    const found = registries();
    await expectRefusal(() => enableNativeKernels({scope: 'all' as never}), 'scope', /everywhere.*all/);
    expectAsFound(found);
  });
});

describe('what was recorded with faster kernels', () => {
  const f = (t: tf.Tensor) => tf.maxPool(tf.relu6(tf.relu(t)) as tf.Tensor4D, 2, 2, 'valid') as tf.Tensor;

  it('can still be walked when they are gone', () => {
    const stock = tf.grad(f)(x);
    const grads = tf.tidy(() => {
      const run = () => {
        enableNativeKernels({scope: 'everywhere'});
        const value = f(x);
        disableNativeKernels();
        return value;
      };
      return tf.engine().gradients(run, [x], tf.onesLike(f(x)), true).grads;
    });
    expectSame(grads[0], stock);
  });

  it('falls back to tfjs on another backend', async () => {
    const stock = tf.grad(f)(x);
    enableNativeKernels({scope: 'everywhere'});
    await tf.setBackend('cpu');
    try {
      const names = kernelsRunBy(() => expectSame(tf.grad(f)(tf.clone(x)), stock));
      expect(names.filter(name => name.startsWith('LargeMargin'))).toEqual([]);
      const v = tf.variable(tf.ones([2]));
      const grads = [{name: v.name, tensor: tf.ones([2])}];
      for (const make of [tf.train.rmsprop, tf.train.adam, tf.train.sgd]) make(0.1).applyGradients(grads);
      tf.train.momentum(0.1, 0.5).applyGradients(grads);
      expect(v.dataSync().every(Number.isFinite)).toBe(true);
    } finally {
      await tf.setBackend('tensorflow');
    }
  });
});
