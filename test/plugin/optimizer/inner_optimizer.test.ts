import * as tf from '@tensorflow/tfjs-core';
import {layers, loadLayersModel, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {
  innerFromConfig,
  innerOptimizer,
  innerToConfig,
  type OptimizerConfig,
} from '../../../plugin/optimizer/inner_optimizer.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {memoryStore} from '../../support/memory_store.js';
import {disposeWhole} from '../../support/optimizer_runs.js';
import {named, stepBy, STOCK, bitsOf} from './stock.js';

/** A layer that does nothing but carry a config through tfjs's own saving and loading. */
class Carrier extends layers.Layer {
  static className = 'OptimizerConfigCarrier';
  readonly inner: OptimizerConfig;

  constructor(args: {inner: OptimizerConfig} & Record<string, unknown>) {
    super(args as object);
    this.inner = args.inner;
  }

  override call(inputs: never): never {
    return inputs;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...super.getConfig(), inner: this.inner};
  }
}
tf.serialization.registerClass(Carrier);

async function throughAFile(inner: OptimizerConfig): Promise<OptimizerConfig> {
  const store = memoryStore();
  await sequential({layers: [new Carrier({inner, inputShape: [1]}) as never]}).save(store);
  const loaded = await loadLayersModel(store);
  return (loaded.layers[loaded.layers.length - 1] as unknown as Carrier).inner;
}

/** Two steps of an optimizer: every option of it shows in where they lead. */
function twoSteps(optimizer: tf.Optimizer): number[] {
  const v = named('inner/v');
  stepBy(optimizer, 0, [v]);
  stepBy(optimizer, 1, [v]);
  const bits = bitsOf(v);
  v.dispose();
  disposeWhole(optimizer);
  return bits;
}

describe('an optimizer by its name', () => {
  it('is what compile of tfjs-layers makes of that name', () => {
    for (const name of ['sgd', 'rmsprop', 'adam', 'adamax', 'adagrad', 'adadelta']) {
      const model = sequential({layers: [layers.dense({units: 1, inputShape: [1]})]});
      model.compile({optimizer: name, loss: 'meanSquaredError'});
      const ours = innerOptimizer('test', name);
      expect(ours.getConfig()).toEqual(model.optimizer.getConfig());
      expect(ours.getClassName()).toBe(model.optimizer.getClassName());
      expect(twoSteps(ours)).toEqual(twoSteps(model.optimizer));
      model.dispose();
    }
  });

  it('may be written in any case, and momentum has one too', () => {
    for (const name of ['Momentum', 'MOMENTUM', 'RMSProp', 'AdaDelta']) {
      const optimizer = innerOptimizer('test', name);
      expect(optimizer.getClassName().toLowerCase()).toBe(name.toLowerCase());
      disposeWhole(optimizer);
    }
  });

  it('is refused with the list of names where there is none', async () => {
    for (const name of ['adamw', '', 'constructor', 'toString']) {
      await expectRefusal(
        () => innerOptimizer('test', name),
        'optimizer',
        /sgd, momentum, rmsprop, adam, /,
        name,
      );
    }
    for (const other of [null, undefined, 3, {}, tf.train]) {
      await expectRefusal(
        () => innerOptimizer('test', other as never),
        'optimizer',
        /tf.Optimizer or one of sgd/,
      );
    }
  });
});

describe('an optimizer that is given', () => {
  it('is taken as it is', () => {
    const optimizer = STOCK.adam();
    expect(innerOptimizer('test', optimizer)).toBe(optimizer);
    optimizer.dispose();
  });

  it('is refused where it is centred RMSProp, which makes NaN of weights', async () => {
    const centered = tf.train.rmsprop(0.01, 0.9, 0, 1e-2, true);
    await expectRefusal(
      () => innerOptimizer('test', centered),
      'optimizer',
      /centered/,
      /tf.train.rmsprop\(/,
    );
    // The control: a constant gradient is enough. When tfjs mends it, the refusal can go.
    const v = tf.variable(tf.scalar(1), true, 'inner/centered');
    const gradients = [{name: v.name, tensor: tf.scalar(0.1)}];
    for (let step = 0; step < 60; step++) centered.applyGradients(gradients);
    expect(v.dataSync()[0]).toBeNaN();
    centered.dispose();
    tf.dispose([v, gradients[0].tensor]);
  });
});

describe.each(Object.entries(STOCK))('the config of %s', (_, make) => {
  it('comes through saving and loading of tfjs unchanged, and makes the same optimizer', async () => {
    const optimizer = make();
    const config = innerToConfig(optimizer);
    const loaded = await throughAFile(config);
    expect(loaded).toEqual(config);
    expect(twoSteps(innerFromConfig(loaded))).toEqual(twoSteps(optimizer));
  });
});

describe('a config', () => {
  it('keeps numbers as small as 1e-12', async () => {
    const optimizer = tf.train.adam(1e-12, 0.123456789012345, 0.999, 1e-12);
    const loaded = await throughAFile(innerToConfig(optimizer));
    const expected = {learningRate: 1e-12, beta1: 0.123456789012345, beta2: 0.999, epsilon: 1e-12};
    expect(loaded).toEqual({className: 'Adam', name: 'Adam', config: expected});
    optimizer.dispose();
  });

  it('of a class with a name in any case is found again once it is registered', async () => {
    class my_Own_OPT extends tf.AdamOptimizer {
      static override get className() {
        return 'my_Own_OPT';
      }
    }
    const optimizer = new my_Own_OPT(0.1, 0.9, 0.99);
    const config = {className: 'my_Own_OPT', name: 'my_Own_OPT', config: optimizer.getConfig()};
    await expectRefusal(
      () => innerToConfig(optimizer),
      'optimizer',
      /my_Own_OPT/,
      /serialization.registerClass/,
    );
    await expectRefusal(() => innerFromConfig(config), 'optimizer', /registered class, got 'my_Own_OPT'/);
    tf.serialization.registerClass(my_Own_OPT);
    const again = innerFromConfig(await throughAFile(innerToConfig(optimizer)));
    expect(Object.getPrototypeOf(again)).toBe(my_Own_OPT.prototype);
    expect(again.getConfig()).toEqual(optimizer.getConfig());
    optimizer.dispose();
    again.dispose();
  });

  it('of a name that every object knows is refused', async () => {
    for (const className of ['constructor', '__proto__', 'toString']) {
      await expectRefusal(
        () => innerFromConfig({className, name: className, config: {}}),
        'optimizer',
        /registered class/,
      );
    }
  });

  it('with centred RMSProp in it is refused', async () => {
    const config = {learningRate: 0.1, decay: 0.9, momentum: 0, epsilon: 1e-7, centered: true};
    await expectRefusal(
      () => innerFromConfig({className: 'RMSProp', name: 'RMSProp', config}),
      'optimizer',
      /centred/,
    );
  });
});
