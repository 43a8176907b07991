import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import {afterAll, describe, expect, it} from 'vitest';
import {Recorder} from '../../../demos/experiments/recorder.js';
import {expectClose} from '../../support/expect_close.js';

describe('a Recorder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'recorder-'));
  afterAll(() => rmSync(folder, {recursive: true}));
  const recorder = new Recorder(folder);

  it('appends one line of JSON for each metric', () => {
    recorder.metric({step: 0, loss: 1});
    recorder.metric({step: 1, loss: 0.5});
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map(line => JSON.parse(line).step)).toEqual([0, 1]);
  });

  it('saves models that tfjs loads, and leaves no partial file', async () => {
    const net = tf.sequential({layers: [tf.layers.dense({inputShape: [3], units: 2})]});
    await recorder.model('net', net);
    await recorder.model('net', net);
    recorder.json('result.json', {a: 1});
    const loaded = await tf.loadLayersModel(`file://${join(folder, 'models/net/model.json')}`);
    const x = tf.ones([1, 3]);
    expectClose((loaded.predict(x) as tf.Tensor).dataSync(), (net.predict(x) as tf.Tensor).dataSync(), 1e-7);
    const names = [...readdirSync(folder), ...readdirSync(join(folder, 'models'))];
    expect(names.sort()).toEqual(['metrics.jsonl', 'models', 'net', 'result.json']);
  });
});
