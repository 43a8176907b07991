import * as tf from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {earlyStopping, LargeMarginModel, LargeMarginOptimizer, RandomStream} from '../../../plugin/index.js';
import type {Json, NamedTensor} from '../../../plugin/callbacks/resumable_callback.js';
import type {Files} from '../../../plugin/training/model_files.js';
import {readTraining, writeTraining, type Training} from '../../../plugin/training/training_files.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';
import {expectKept, readable} from '../../support/training_resumed.js';
import {jsonIn, withState} from '../../support/training_store.js';

const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);

/** A callback that remembers a number and a tensor. */
class Remembering {
  readonly key = 'remembering';
  tensor: tf.Tensor = tf.scalar(0);
  constructor(public value = 0) {}
  getState(): Json {
    return {value: this.value};
  }
  setState(state: Json): void {
    this.value = (state as {value: number}).value;
  }
  getStateTensors(): NamedTensor[] {
    return [{name: 'own', tensor: this.tensor}];
  }
  setStateTensors([{tensor}]: NamedTensor[]): void {
    this.tensor.dispose();
    this.tensor = tensor.clone();
  }
}

const optimizers: Record<string, () => tf.Optimizer> = {
  adam: () => tf.train.adam(0.1),
  adapter: () => new LargeMarginOptimizer('adam', {accumulationSteps: 2}),
};

async function trained(optimizer: string, seed: number, steps: number): Promise<LayersModel> {
  const model = new LargeMarginModel(denseNet({seed}), {gamma: 1, seed});
  model.compile({optimizer: optimizers[optimizer]()});
  for (let i = 0; i < steps; i++) await model.trainOnBatch(x, y);
  return model;
}

/** Runs f, after which an adapter has tensors of its counts again as it has before. */
async function counted({optimizer}: LayersModel, f: () => Promise<unknown>): Promise<void> {
  try {
    await f();
  } finally {
    if (optimizer.getClassName() === 'LargeMarginOptimizer') await optimizer.getWeights();
  }
}

describe.each(Object.keys(optimizers))('writeTraining and readTraining with %s', optimizer => {
  it('carry all of a training to another', async () => {
    const first: Training = {
      model: await trained(optimizer, 1, 3),
      streams: {a: new RandomStream(1), b: new RandomStream(2)},
      callbacks: [{}, new Remembering(-0), new Remembering(NaN)],
    };
    (first.callbacks![2] as Remembering).tensor = tf.tensor1d([1, 2]);
    first.streams!.a.next();
    const progress = {epoch: 3, loss: [NaN, Infinity]};
    await writeTraining('test', first, progress);
    const files = await expectNoLeakAsync(() => writeTraining('test', first, progress));
    expect(Object.keys(files).sort()).toEqual(['model.json', 'training.bin', 'training.json', 'weights.bin']);

    const second: Training = {
      model: await trained(optimizer, 2, 1),
      streams: {b: new RandomStream(3), a: new RandomStream(4)},
      callbacks: [new Remembering(1), {}, new Remembering(2)],
    };
    expect(await readTraining('test', second, files)).toEqual(progress);
    expect(weightsOf(second.model)).toEqual(weightsOf(first.model));
    expect(readable(await writeTraining('test', second, progress))).toEqual(readable(files));
    expect(second.streams!.a.next()).toBe(first.streams!.a.next());
    const [one, , two] = second.callbacks as Remembering[];
    expect(Object.is(one.value, -0)).toBe(true);
    expect([two.value, Array.from(two.tensor.dataSync())]).toEqual([NaN, [1, 2]]);
    await writeTraining('test', second, progress);
    const again = () => counted(second.model, () => readTraining('test', second, files));
    expect(await expectKept(again)).toBeUndefined();
    for (const {model} of [first, second]) await model.trainOnBatch(x, y);
    expect(weightsOf(second.model)).toEqual(weightsOf(first.model));
  });

  /** Expects a refusal that leaves model, optimizer and generators as they were, and no tensor behind. */
  async function expectUntouched(
    files: Files,
    argument: string | undefined,
    change: Partial<Training> & {accept?: () => void} = {},
  ): Promise<Error> {
    const {accept, ...rest} = change;
    const training: Training = {
      ...{model: await trained(optimizer, 7, 2), streams: {a: new RandomStream(5)}},
      ...{callbacks: [new Remembering(3)], ...rest},
    };
    const before = readable(await writeTraining('test', training, {}));
    const weights = weightsOf(training.model);
    const run = () => readTraining('test', training, files, accept);
    const error = (await expectKept(() => counted(training.model, run))) as Error & {argument?: string};
    expect(error, 'refused').toBeInstanceOf(Error);
    expect(error.argument).toBe(argument);
    expect(weightsOf(training.model)).toEqual(weights);
    expect(readable(await writeTraining('test', training, {}))).toEqual(before);
    return error;
  }

  async function saved(): Promise<Files> {
    const callbacks = [new Remembering(4)];
    const training = {model: await trained(optimizer, 1, 3), streams: {a: new RandomStream(6)}, callbacks};
    return writeTraining('test', training, {epoch: 2});
  }

  it('refuse another training, and leave all as it was', async () => {
    const files = await saved();
    const other = denseNet({units: [5, 5]});
    other.compile({optimizer: optimizers[optimizer](), loss: 'categoricalCrossentropy'});
    const wider = new LargeMarginModel(denseNet({units: [6]}), {gamma: 1});
    wider.compile({optimizer: optimizers[optimizer]()});
    const sgd = new LargeMarginModel(denseNet(), {gamma: 1});
    sgd.compile({optimizer: 'sgd'});
    const {message} = await expectUntouched(files, 'optimizer', {model: sgd});
    expect(message).toMatch(/^test: expected optimizer as it was when the checkpoint was saved .*got 'SGD'$/);
    await expectUntouched(files, 'model', {model: other});
    await expectUntouched(files, 'model', {model: wider});
    await expectUntouched(files, 'streams', {streams: {}});
    await expectUntouched(files, 'streams', {streams: {b: new RandomStream(1)}});
    await expectUntouched(files, 'callbacks', {callbacks: []});
    await expectUntouched(files, 'callbacks', {callbacks: [earlyStopping()]});
    await expectUntouched(files, 'callbacks', {callbacks: [new Remembering(), new Remembering()]});
    const accept = () => {
      throw new RangeError('not mine');
    };
    await expectUntouched(files, undefined, {accept});
  });

  it('leave all as it was where a callback refuses its state', async () => {
    const files = await saved();
    const refusing = new Remembering(3);
    const calls: string[] = [];
    refusing.setState = () => {
      calls.push('setState');
      throw new RangeError('another monitor');
    };
    refusing.setStateTensors = () => void calls.push('setStateTensors');
    expect((await expectUntouched(files, undefined, {callbacks: [refusing]})).message).toBe(
      'another monitor',
    );
    expect(calls).toEqual(['setState']);
  });

  it.each(['model.json', 'weights.bin', 'training.json', 'training.bin'])(
    'refuse a checkpoint without %s',
    async name => {
      const {[name]: _, ...files} = await saved();
      expect((await expectUntouched(files, 'the checkpoint')).message).toContain(name);
    },
  );

  it('refuse files that are too short or too long', async () => {
    const files = await saved();
    for (const [name, bytes] of Object.entries(files)) {
      const lengths = [0, 1, bytes.length >> 1, bytes.length - 1];
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      for (const other of [...lengths.map(length => bytes.slice(0, length)), longer]) {
        await expectUntouched({...files, [name]: other}, name);
      }
    }
  });

  it('refuse the weights of another checkpoint', async () => {
    const files = await saved();
    const training = {model: await trained(optimizer, 1, 4), streams: {a: new RandomStream(6)}};
    const other = await writeTraining('test', training, {});
    for (const name of ['weights.bin', 'training.bin']) {
      const {message} = await expectUntouched({...files, [name]: other[name]}, name);
      expect(message).toContain('it is damaged, or of another checkpoint');
    }
  });

  it('refuse a checkpoint without one of the slots, whether its list of tensors tells or not', async () => {
    const files = await saved();
    const {specs, ...state} = jsonIn(files, 'training.json') as unknown as {
      specs: Array<{name: string; shape: number[]}>;
    };
    const slots = specs.flatMap(({name}, i) => (/Moment/.test(name) ? [i] : []));
    expect(slots.length).toBe(8);
    const sizes = specs.map(({shape}) => 4 * shape.reduce((size, n) => size * n, 1));
    for (const slot of slots) {
      const at = sizes.slice(0, slot).reduce((sum, size) => sum + size, 0);
      const bytes = [...files['training.bin']];
      bytes.splice(at, sizes[slot]);
      const without = {...files, 'training.bin': new Uint8Array(bytes)};
      await expectUntouched(without, 'training.bin');
      const {message} = await expectUntouched(withState(without, {...state, specs}), 'training.bin');
      expect(message).toMatch(/to have \d+ bytes, got \d+/);
      const told = withState(without, {...state, specs: specs.filter((_, i) => i !== slot)});
      const error = await expectUntouched(told, optimizer === 'adam' ? 'the checkpoint' : 'weights');
      expect(error.message).toMatch(/slots of the shapes|to have .*Moment/);
    }
  });

  it('refuse what a later version wrote', async () => {
    const files = await saved();
    const later = withState(files, {...jsonIn(files, 'training.json'), version: 2});
    const error = await expectUntouched(later, 'the version of the checkpoint');
    expect(error.message).toContain('to be at most 1, got 2; update tfjs-large-margin');
  });

  it('take NaN for a weight as what it is: data', async () => {
    const model = await trained(optimizer, 1, 1);
    (model.weights[1].read() as tf.Variable).assign(tf.fill([5], NaN));
    const files = await writeTraining('test', {model}, {});
    const other = await trained(optimizer, 2, 0);
    await readTraining('test', {model: other}, files);
    expect(weightsOf(other)).toEqual(weightsOf(model));
  });
});

describe('writeTraining', () => {
  it('leaves nothing behind where a callback cannot be written', async () => {
    const model = await trained('adam', 1, 1);
    const broken = new Remembering();
    broken.getStateTensors = () => {
      throw new RangeError('x');
    };
    const writing = () => writeTraining('test', {model, callbacks: [broken]}, {});
    expect(await expectKept(writing)).toBeInstanceOf(RangeError);
    broken.getStateTensors = () => [{name: 'text', tensor: text}];
    await expectRefusal(writing, 'callback/0/text', 'string');
  });
});

const text = tf.tensor1d(['a']);
