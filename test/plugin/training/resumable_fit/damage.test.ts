import * as tf from '@tensorflow/tfjs-core';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {LargeMarginModel, LargeMarginOptimizer, RandomStream} from '../../../../plugin/index.js';
import {CheckpointError, CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import type {CheckpointStore} from '../../../../plugin/training/resumable_args.js';
import {resumableFit} from '../../../../plugin/training/resumable_fit.js';
import {CheckpointDisk} from '../../../support/checkpoint_disk.js';
import {randomTensor} from '../../../support/randoms.js';
import {denseNet, labelsOf, weightsOf} from '../../../support/tiny_models.js';
import {expectKept} from '../../../support/training_resumed.js';
import {jsonIn, TrainingStore, withState} from '../../../support/training_store.js';

const FOLDER = '/run';
const FILES = ['model.json', 'weights.bin', 'training.json', 'training.bin', 'manifest.json'];
const x = randomTensor<tf.Tensor2D>([4, 2], 1);
const y = labelsOf([0, 1, 1, 0], 2);
const args = {epochs: 3, batchSize: 2, saveEvery: 1, seed: 1};

/** A dense layer 2 -> 2: so small that each length of each file can be tried. */
function begin(seed: number, optimizer: tf.Optimizer = tf.train.adam(0.1)): LargeMarginModel {
  const net = denseNet({units: [], inputs: 2, classes: 2, seed});
  const model = new LargeMarginModel(net, {gamma: 1, layers: 'input', seed});
  model.compile({optimizer});
  return model;
}

const run = (model: LargeMarginModel, checkpoints: CheckpointStore, fallback = false) =>
  resumableFit(model, x, y, {...args, checkpoints, fallback});

/** A training that was interrupted after its fourth batch, of which the last two checkpoints are there. */
let disk: CheckpointDisk;
let newest: string;
let older: string;
/** The weights of one that was not. */
let whole: number[][];

beforeAll(async () => {
  const first = begin(1);
  await resumableFit(first, x, y, args);
  whole = weightsOf(first);
  disk = new CheckpointDisk();
  const store = new CheckpointFolder(FOLDER, {keep: 2}, disk);
  const paths: string[] = [];
  const interrupted: CheckpointStore = {
    load: options => store.load(options),
    async save(step, files) {
      paths.push(await store.save(step, files));
      if (paths.length === 4) throw new RangeError('interrupted');
    },
  };
  await expect(run(begin(1), interrupted)).rejects.toThrow('interrupted');
  [older, newest] = paths.slice(-2);
});

/** What came of damages, one after the other. */
interface Counts {
  damages: number;
  /** Trainings that went on, or another error than that of damage in the newest checkpoint. */
  unnoticed: number;
  tensorsLeft: number;
  weightsChanged: number;
}

const NOTICED = {unnoticed: 0, tensorsLeft: 0, weightsChanged: 0};

/** Tries to go on from a damaged copy of the disk, with the same model each time. */
async function count(damages: Array<(disk: CheckpointDisk) => unknown>): Promise<Counts> {
  const counts: Counts = {damages: 0, ...NOTICED};
  const model = begin(7);
  const weights = JSON.stringify(weightsOf(model));
  for (const damage of damages) {
    const copy = disk.clone();
    damage(copy);
    const before = tf.memory().numTensors;
    const error = await run(model, new CheckpointFolder(FOLDER, {}, copy)).catch((error: unknown) => error);
    counts.damages++;
    const isNoticed =
      error instanceof CheckpointError && error.code === 'damaged' && error.path.startsWith(newest);
    if (!isNoticed) counts.unnoticed++;
    counts.tensorsLeft += Math.abs(tf.memory().numTensors - before);
    if (JSON.stringify(weightsOf(model)) !== weights) counts.weightsChanged++;
  }
  return counts;
}

/** Flips a bit of the newest checkpoint, by its number over all files. */
function flip(on: CheckpointDisk, bit: number): void {
  for (const name of FILES) {
    const bytes = on.bytesOf(join(newest, name));
    if (bit < bytes.length * 8) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      return;
    }
    bit -= bytes.length * 8;
  }
}

const sizeOf = () => FILES.reduce((sum, name) => sum + disk.bytesOf(join(newest, name)).length, 0);

describe('resumableFit notices, and leaves the model and no tensor behind', () => {
  it('10,000 random bit flips over the files of a checkpoint', async () => {
    const [random, bits] = [new RandomStream(3), 8 * sizeOf()];
    const draws = Array.from({length: 10_000}, () => Math.floor(random.next() * bits));
    const counts = await count(draws.map(bit => copy => flip(copy, bit)));
    console.log(`bit flips in ${bits} bits: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({damages: 10_000, ...NOTICED});
  });

  it('each shorter length of each file, and bytes after its end', async () => {
    const damages = FILES.flatMap(name => {
      const path = join(newest, name);
      const bytes = disk.bytesOf(path).slice();
      const shorter = Array.from({length: bytes.length}, (_, length) => bytes.slice(0, length));
      const longer = [1, 4, 100].map(more => Buffer.concat([bytes, new Uint8Array(more)]));
      return [...shorter, ...longer].map(other => (copy: CheckpointDisk) => copy.put(path, other));
    });
    const counts = await count(damages);
    console.log(`lengths: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({damages: sizeOf() + 3 * FILES.length, ...NOTICED});
  });

  it('files that are swapped with those of another checkpoint, lost, or swapped with each other', async () => {
    const damages = FILES.flatMap(name => {
      const [path, other] = [join(newest, name), join(older, name)];
      const swap = (copy: CheckpointDisk, a: string, b: string) => {
        const [first, second] = [copy.bytesOf(a).slice(), copy.bytesOf(b).slice()];
        copy.put(a, second);
        copy.put(b, first);
      };
      const isSame = Buffer.from(disk.bytesOf(path)).equals(disk.bytesOf(other));
      return [
        (copy: CheckpointDisk) => copy.removeFile(path),
        // model.json counts the steps of random rivals: no two are alike.
        ...(isSame ? [] : [(copy: CheckpointDisk) => swap(copy, path, other)]),
        ...FILES.filter(file => file < name).map(
          file => (copy: CheckpointDisk) => swap(copy, path, join(newest, file)),
        ),
      ];
    });
    expect(damages.length).toBe(5 * 2 + 10);
    expect(await count(damages)).toEqual({damages: 20, ...NOTICED});
  });

  it('the same on a real disk: 100 bits, 100 lengths', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'training-damage-'));
    try {
      const store = new CheckpointFolder(folder);
      const {files} = (await new CheckpointFolder(FOLDER, {}, disk).load())!;
      const path = await store.save(4, files);
      const random = new RandomStream(5);
      const draw = (n: number) => Math.floor(random.next() * n);
      const model = begin(7);
      const weights = weightsOf(model);
      for (let i = 0; i < 200; i++) {
        const file = join(path, FILES[draw(FILES.length)]);
        const sound = readFileSync(file);
        const other = i % 2 ? sound.subarray(0, draw(sound.length)) : Buffer.from(sound);
        if (i % 2 === 0) other[draw(other.length)] ^= 1 << draw(8);
        writeFileSync(file, other);
        const error = await expectKept(() => run(model, new CheckpointFolder(folder)));
        expect(error).toMatchObject({name: 'CheckpointError', code: 'damaged', path: file});
        writeFileSync(file, sound);
      }
      expect(weightsOf(model)).toEqual(weights);
      await run(model, new CheckpointFolder(folder));
      expect(weightsOf(model)).toEqual(whole);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });
});

describe('resumableFit with fallback', () => {
  it('goes on from the checkpoint before, to the same end: 60 random damages', async () => {
    const [random, bits] = [new RandomStream(4), 8 * sizeOf()];
    for (let i = 0; i < 60; i++) {
      const copy = disk.clone();
      const path = join(newest, FILES[i % FILES.length]);
      if (i % 2) flip(copy, Math.floor(random.next() * bits));
      else copy.put(path, copy.bytesOf(path).slice(0, -1 - (i % 7)));
      const model = begin(8);
      await run(model, new CheckpointFolder(FOLDER, {}, copy), true);
      expect(weightsOf(model)).toEqual(whole);
    }
  });

  it('says so where none is whole', async () => {
    const copy = disk.clone();
    for (const path of [newest, older]) copy.removeFile(join(path, 'training.bin'));
    const model = begin(9);
    const error = await expectKept(() => run(model, new CheckpointFolder(FOLDER, {}, copy), true));
    expect(error).toMatchObject({name: 'CheckpointError', code: 'damaged'});
  });
});

describe.each<[string, () => tf.Optimizer]>([
  ['an optimizer of tfjs', () => tf.train.adam(0.1)],
  ['an adapter', () => new LargeMarginOptimizer('adam', {accumulationSteps: 2})],
])('a checkpoint of %s whose checksums are right', (_, make) => {
  /** The last checkpoint of a training that ended. */
  async function saved() {
    const store = new TrainingStore();
    await run(begin(1, make()), store);
    return store.saved.at(-1)!;
  }

  it('is refused by name where it lacks a slot', async () => {
    const {step, files} = await saved();
    const {specs} = jsonIn(files, 'training.json') as unknown as {
      specs: Array<{name: string; shape: number[]}>;
    };
    const sizes = specs.map(({shape}) => 4 * shape.reduce((size, n) => size * n, 1));
    const slots = specs.flatMap(({name}, i) => (/Moment/.test(name) ? [i] : []));
    // Two for each of kernel and bias.
    expect(slots.length).toBe(4);
    for (const slot of slots) {
      const at = sizes.slice(0, slot).reduce((sum, size) => sum + size, 0);
      const bytes = [...files['training.bin']];
      bytes.splice(at, sizes[slot]);
      const without = {...files, 'training.bin': new Uint8Array(bytes)};
      const listed = {...jsonIn(files, 'training.json'), specs: specs.filter((_, i) => i !== slot)};
      const unlisted = withState(without, jsonIn(files, 'training.json'));
      for (const bad of [without, unlisted, withState(without, listed)]) {
        const store = new CheckpointFolder(FOLDER, {}, new CheckpointDisk());
        await store.save(step, bad);
        const model = begin(7, make());
        const weights = weightsOf(model);
        await run(model, new TrainingStore());
        const trained = weightsOf(model);
        const error = await expectKept(async () => {
          await run(model, store).finally(async () => {
            // Tensors of an adapter's counts.
            if (model.optimizer.getClassName() === 'LargeMarginOptimizer') await model.optimizer.getWeights();
          });
        });
        expect(error).toMatchObject({name: 'ArgumentError'});
        expect((error as Error).message).toMatch(/checksum|bytes|Moment/);
        expect(weightsOf(model)).toEqual(trained);
        expect(trained).not.toEqual(weights);
      }
    }
  });

  it('brings NaN back as what it is: data', async () => {
    const {step, files} = await saved();
    const bytes = files['weights.bin'].slice();
    new Float32Array(bytes.buffer)[1] = NaN;
    const store = new CheckpointFolder(FOLDER, {}, new CheckpointDisk());
    await store.save(step, withState({...files, 'weights.bin': bytes}, jsonIn(files, 'training.json')));
    const model = begin(7, make());
    await run(model, store);
    expect(weightsOf(model).flat().filter(Number.isNaN).length).toBe(1);
  });

  it('is refused with each damage that a store without checksums of its own lets through', async () => {
    const {step, files} = await saved();
    const random = new RandomStream(6);
    const model = begin(7, make());
    await run(model, new TrainingStore());
    const weights = weightsOf(model);
    const names = Object.keys(files);
    for (let i = 0; i < 1000; i++) {
      const store = new TrainingStore();
      await store.save(step, files);
      const bytes = store.saved[0].files[names[i % names.length]];
      bytes[Math.floor(random.next() * bytes.length)] ^= 1 << Math.floor(random.next() * 8);
      const error = await expectKept(() => run(model, store));
      expect(error).toMatchObject({name: 'ArgumentError', argument: names[i % names.length]});
    }
    expect(weightsOf(model)).toEqual(weights);
  });
});
