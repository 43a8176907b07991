import {readdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';
import {tensorBoard} from '../../../../plugin/node/tensorboard.js';
import {readEvents} from '../../../support/read_events.js';

const pathTo = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
// Where to copy the reference's log from, should the format ever change.
const written = pathTo('out/tensorboard/log');
const reference = pathTo('test/reference/tensorboard');

/** What the reference's log was written from: by epoch, the logs of its two batches, then its own. */
const RUN: Array<{batches: Array<Record<string, number>>; logs: Record<string, number>}> = [
  {
    batches: [{loss: 1.5}, {loss: 0.1}],
    logs: {loss: 0.8, margin_conv1: 1 / 3, learningRate: 1e-3, val_loss: 0.1 + 0.2},
  },
  {
    batches: [{loss: NaN}, {loss: Infinity}],
    logs: {loss: NaN, margin_conv1: -Infinity, learningRate: 5e-4, val_loss: Infinity},
  },
  {
    // A zero with a sign, the least and the largest of float32, a tag of more than one byte a letter.
    batches: [{loss: -0}, {loss: 1e-45}],
    logs: {loss: 3.4028234663852886e38, margin_größe: -7, learningRate: -0, val_loss: 123456789},
  },
];
// Steps of batches need more than 32 bits.
const FIRST_STEP = 2 ** 40;

async function writeLog(): Promise<void> {
  let clock = 1_700_000_000_000;
  const callback = tensorBoard(written, {updateFreq: 2, now: () => (clock += 125)});
  callback.setState({step: FIRST_STEP});
  await callback.onTrainBegin();
  for (const [epoch, {batches, logs}] of RUN.entries()) {
    for (const [batch, terms] of batches.entries()) {
      await callback.onBatchEnd(batch, {batch, size: 8, ...terms});
    }
    await callback.onEpochEnd(epoch, logs);
  }
}

/** What RUN says of a folder, in the order of the events. */
function expected(run: string): Array<[string, number, number]> {
  return RUN.flatMap(({batches, logs}, epoch) => {
    const isOurs = ([key]: [string, number]) => key.startsWith('val_') === (run === 'validation');
    const own = Object.entries(logs).filter(isOurs);
    const epochs = own.map(([key, value]) => [`epoch_${key.replace('val_', '')}`, epoch, value] as const);
    const batch = ['batch_loss', FIRST_STEP + 2 * epoch + 2, batches[1].loss] as const;
    const rows = run === 'train' ? [batch, ...epochs] : epochs;
    return rows.map(([tag, step, value]): [string, number, number] => [tag, step, Math.fround(value)]);
  });
}

/** The reference's files, or ours, by their paths. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, {recursive: true}) as string[];
  const files = names.filter(name => name.includes('tfevents')).sort();
  return Object.fromEntries(files.map(name => [name, readFileSync(join(folder, name)).toString('hex')]));
}

interface Reading {
  run: string;
  tag: string;
  points: Array<{step: number; value: number | string; wallTime: number}>;
}

describe('the event files of a fixed run', () => {
  beforeAll(async () => {
    rmSync(written, {recursive: true, force: true});
    await writeLog();
  });

  it('are those that TensorBoard has read, byte for byte', () => {
    const files = filesOf(written);
    expect(Object.keys(files)).toHaveLength(2);
    expect(files).toEqual(filesOf(join(reference, 'log')));
  });

  it('say to TensorBoard what was logged: all tags, steps and values, exact in float32', () => {
    const lines = readFileSync(join(reference, 'readings.jsonl'), 'utf8').trimEnd().split('\n');
    const readings = lines.map(line => JSON.parse(line) as Reading);
    const read = readings.flatMap(({run, tag, points}) =>
      points.map(({step, value}) => `${run} ${tag} ${step} ${show(Number(value))}`),
    );
    const wanted = ['train', 'validation'].flatMap(run =>
      expected(run).map(([tag, step, value]) => `${run} ${tag} ${step} ${show(value)}`),
    );
    expect(read.sort()).toEqual(wanted.sort());
    expect(read).toHaveLength(15);
  });

  it('say the same to our own reader, with the times of the clock', () => {
    for (const run of ['train', 'validation']) {
      const events = readEvents(join(written, run));
      expect(events.map(({tag, step, value}) => [tag, step, value])).toEqual(expected(run));
    }
    const lines = readFileSync(join(reference, 'readings.jsonl'), 'utf8').trimEnd().split('\n');
    for (const {run, tag, points} of lines.map(line => JSON.parse(line) as Reading)) {
      const own = readEvents(join(written, run)).filter(event => event.tag === tag);
      expect(own.map(({wallTime}) => wallTime)).toEqual(points.map(({wallTime}) => wallTime));
    }
  });
});

/** A number in full, with the sign of its zero. */
function show(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
