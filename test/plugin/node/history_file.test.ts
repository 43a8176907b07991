import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {Callback} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {learningRateLogger} from '../../../plugin/callbacks/learning_rate_logger.js';
import {LargeMarginModel} from '../../../plugin/index.js';
import {historyFile, HistoryFileError, readHistoryFile} from '../../../plugin/node/history_file.js';
import {errorOf, expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {ScriptedLogs} from '../../support/scripted_logs.js';
import {temporaryFolder} from '../../support/temporary_folder.js';
import {denseNet, labelsOf, weightsOf} from '../../support/tiny_models.js';

const root = temporaryFolder();
const x = randomTensor<tf.Tensor2D>([6, 4], 1);
const y = labelsOf([0, 1, 2, 0, 1, 2]);
const fit = {batchSize: 3, shuffle: false, verbose: 0};

let files = 0;
const newPath = () => join(root, `run${++files}`, 'history.jsonl');

function compiled(): LargeMarginModel {
  const model = new LargeMarginModel(denseNet(), {gamma: 1});
  model.compile({optimizer: tf.train.sgd(0.125), metrics: ['accuracy']});
  return model;
}

/** Epochs by hand, for what does not need a model. */
async function write(callback: ReturnType<typeof historyFile>, epochs: number[], loss = 0): Promise<void> {
  await callback.onTrainBegin();
  for (const epoch of epochs) {
    await callback.onEpochBegin(epoch);
    await callback.onEpochEnd(epoch, {loss});
  }
}

describe('historyFile', () => {
  it('holds what the history holds, a line an epoch, exactly, and leaves no tensor behind', async () => {
    const path = newPath();
    const callbacks = [learningRateLogger(), historyFile(path)];
    const model = compiled();
    const {history} = await expectNoLeakAsync(() =>
      model.fit(x, y, {...fit, epochs: 3, validationData: [x, y], callbacks}),
    );
    const lines = await readHistoryFile(path);
    expect(lines.map(({epoch}) => epoch)).toEqual([0, 1, 2]);
    const keys = Object.keys(history);
    expect(keys).toEqual(expect.arrayContaining(['val_loss', 'margin_input', 'learningRate']));
    for (const [i, {epoch: _, ...logs}] of lines.entries()) {
      expect(logs).toEqual(Object.fromEntries(keys.map(key => [key, history[key][i]])));
    }
    expect(readFileSync(path, 'utf8')).toMatch(/^(\{"epoch":\d,"val_loss":[^\n]*\}\n){3}$/);
  });

  it('writes NaN and infinities by their names, and reads them back', async () => {
    const path = newPath();
    const script = new ScriptedLogs({a: [NaN, -0], b: [Infinity, -Infinity]});
    await compiled().fit(x, y, {...fit, epochs: 2, callbacks: [script, historyFile(path)]});
    expect(readFileSync(path, 'utf8')).toMatch(/"a":"NaN","b":"Infinity".*\n.*"a":-0,"b":"-Infinity"/);
    expect(readFileSync(path, 'utf8')).not.toContain('null');
    expect(await readHistoryFile(path)).toMatchObject([
      {a: NaN, b: Infinity},
      {a: -0, b: -Infinity},
    ]);
  });

  it('has each line on the disk before the next epoch begins', async () => {
    const path = newPath();
    const seen: number[] = [];
    class Reader extends Callback {
      override async onEpochBegin(): Promise<void> {
        seen.push((await readHistoryFile(path)).length);
      }
    }
    await compiled().fit(x, y, {...fit, epochs: 3, callbacks: [historyFile(path), new Reader()]});
    expect(seen).toEqual([0, 1, 2]);
  });

  it('gives the time of each epoch where it has a clock, and equal files of equal runs where not', async () => {
    const path = newPath();
    let clock = 1000;
    await write(historyFile(path, {time: () => (clock += 5)}), [0, 1]);
    expect(await readHistoryFile(path)).toEqual([
      {epoch: 0, time: 1005, loss: 0},
      {epoch: 1, time: 1010, loss: 0},
    ]);
    const [one, two] = [newPath(), newPath()];
    for (const file of [one, two]) await write(historyFile(file), [0, 1]);
    expect(readFileSync(one)).toEqual(readFileSync(two));
  });

  it('refuses logs that would hide the epoch or the time, and leaves nothing behind', async () => {
    const epochs = new ScriptedLogs({epoch: [7]});
    const model = compiled();
    const run = () => model.fit(x, y, {...fit, epochs: 1, callbacks: [epochs, historyFile(newPath())]});
    await expectRefusal(run, 'logs', 'historyFile', /no epoch of their own/);
    const timed = historyFile(newPath(), {time: () => 1});
    timed.setModel(model);
    await write(timed, []);
    await expectRefusal(() => timed.onEpochEnd(0, {time: 3}), 'logs', /no time/);
  });

  it('ends training with the error of the system where it cannot write, and leaves nothing behind', async () => {
    const path = newPath();
    const model = compiled();
    class Remove extends Callback {
      override async onEpochEnd(epoch: number): Promise<void> {
        if (epoch !== 1) return;
        rmSync(path);
        mkdirSync(path);
      }
    }
    const run = () => model.fit(x, y, {...fit, epochs: 3, callbacks: [new Remove(), historyFile(path)]});
    const error = await expectNoLeakAsync(() => errorOf(run));
    expect(error).toMatchObject({code: 'EISDIR'});
  });

  it.each([
    ['path', ['']],
    ['path', [undefined]],
    ['append', ['a', {append: 1}]],
    ['time', ['a', {time: true}]],
    ['args', ['a', {appendd: true}]],
  ])('refuses a bad %s: %j', async (argument, args) => {
    await expectRefusal(() => historyFile(...(args as [string])), argument, 'historyFile');
  });

  it('has nothing to save but the file', () => {
    expect(historyFile('a').getState()).toBeUndefined();
    expect(() => historyFile('a').setState()).not.toThrow();
  });
});

describe('historyFile, begun again', () => {
  const epochs = async (path: string) => (await readHistoryFile(path)).map(({epoch, loss}) => [epoch, loss]);

  it('goes on behind the epochs before its first, and drops those from there on', async () => {
    const path = newPath();
    await write(historyFile(path), [0, 1, 2], 1);
    // Killed after the line of epoch 2 was written, resumed from a checkpoint of epoch 1.
    await write(historyFile(path), [2, 3], 2);
    expect(await epochs(path)).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
      [3, 2],
    ]);
    await write(historyFile(path), [0], 3);
    expect(await epochs(path)).toEqual([[0, 3]]);
  });

  it('does so with a model that is resumed by fit and by fitDataset, and used twice', async () => {
    const path = newPath();
    const callback = historyFile(path);
    const model = compiled();
    await model.fit(x, y, {...fit, epochs: 3, callbacks: [callback]});
    const {history} = await model.fit(x, y, {...fit, epochs: 4, initialEpoch: 2, callbacks: [callback]});
    const lines = await readHistoryFile(path);
    expect(lines.map(({epoch}) => epoch)).toEqual([0, 1, 2, 3]);
    expect(lines.slice(2).map(({loss}) => loss)).toEqual(history.loss);
    const dataset = {
      async iterator() {
        let left = 1;
        return {
          next: async () =>
            left-- > 0 ? {value: {xs: x.clone(), ys: y.clone()}} : {value: null, done: true},
        };
      },
    };
    const args = {epochs: 3, initialEpoch: 1, verbose: 0, callbacks: [callback]};
    await model.fitDataset(dataset as never, args);
    expect((await readHistoryFile(path)).map(({epoch}) => epoch)).toEqual([0, 1, 2]);
  });

  it('leaves the lines that stay as they are, byte for byte', async () => {
    const path = newPath();
    await write(historyFile(path), []);
    writeFileSync(path, '{ "epoch": 0, "loss": 1.50 }\n{"epoch":1}\n');
    await write(historyFile(path), [1]);
    expect(readFileSync(path, 'utf8')).toBe('{ "epoch": 0, "loss": 1.50 }\n{"epoch":1,"loss":0}\n');
  });

  it('cuts off a last line that was never finished, at every byte of it', async () => {
    const path = newPath();
    await write(historyFile(path), [0, 1]);
    const text = readFileSync(path, 'utf8');
    const first = text.indexOf('\n') + 1;
    for (let size = first; size < text.length; size++) {
      writeFileSync(path, text.slice(0, size));
      expect(await epochs(path)).toEqual([[0, 0]]);
      await write(historyFile(path), [1]);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('begins anew where it is not to append', async () => {
    const path = newPath();
    await write(historyFile(path), [0, 1]);
    await write(historyFile(path, {append: false}), [1, 2], 5);
    expect(await epochs(path)).toEqual([
      [1, 5],
      [2, 5],
    ]);
    writeFileSync(path, 'something else\n');
    await write(historyFile(path, {append: false}), [0]);
    expect(await epochs(path)).toEqual([[0, 0]]);
  });

  it('refuses a file that holds something else, before anything is trained or written', async () => {
    const path = newPath();
    await write(historyFile(path), []);
    const text = '{"epoch":0}\nsomething else\n{"epoch":1}\n';
    writeFileSync(path, text);
    const model = compiled();
    const before = weightsOf(model);
    const run = () => model.fit(x, y, {...fit, epochs: 1, callbacks: [historyFile(path)]});
    const error = await expectNoLeakAsync(() => errorOf(run));
    expect(error).toBeInstanceOf(HistoryFileError);
    expect(error).toMatchObject({line: 2, path});
    expect([readFileSync(path, 'utf8'), weightsOf(model)]).toEqual([text, before]);
  });
});

describe('readHistoryFile', () => {
  it('gives no epochs of a file without lines, and the error of the system where there is none', async () => {
    const path = newPath();
    const callback = historyFile(path);
    await callback.onTrainBegin();
    expect(existsSync(path)).toBe(false);
    expect(await errorOf(() => readHistoryFile(path))).toMatchObject({code: 'ENOENT'});
    await callback.onEpochBegin(0);
    expect(await readHistoryFile(path)).toEqual([]);
  });

  it('refuses what is no path', async () => {
    await expectRefusal(() => readHistoryFile(3 as never), 'path', 'readHistoryFile');
  });
});
