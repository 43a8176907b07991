import {readFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {earlyStopping, type EarlyStoppingArgs} from '../../../../plugin/callbacks/early_stopping.js';
import {randomTensor} from '../../../support/randoms.js';
import {ScriptedLogs} from '../../../support/scripted_logs.js';
import {denseNet, labelsOf, weightsOf} from '../../../support/tiny_models.js';

interface Case {
  args: EarlyStoppingArgs;
  values: Array<number | string>;
  epochs: number;
  isStopped: boolean;
  best: number | null;
  bestEpoch: number | null;
}

const file = new URL('../../../reference/early_stopping/cases.jsonl', import.meta.url);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
const cases = lines.map(line => JSON.parse(line) as Case);
const x = randomTensor<tf.Tensor2D>([3, 4], 1);
const y = labelsOf([0, 1, 2]);

describe('earlyStopping and that of Keras 3.5', () => {
  it(`stop after the same epoch and restore the same weights in ${cases.length} random trainings`, async () => {
    const model = denseNet();
    model.compile({optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy'});
    for (const {args, values, epochs, isStopped, best, bestEpoch} of cases) {
      const script = new ScriptedLogs({val_score: values.map(Number)});
      const stop = earlyStopping({...args, monitor: 'val_score', restoreBestWeights: true});
      const {epoch} = await model.fit(x, y, {epochs: 10, verbose: 0, callbacks: [script, stop]});
      const about = JSON.stringify({args, values});
      expect([epoch.length, stop.stoppedEpoch], about).toEqual([epochs, isStopped ? epochs - 1 : undefined]);
      expect([stop.best ?? null, stop.bestEpoch ?? null], about).toEqual([best, bestEpoch]);
      expect(weightsOf(model), about).toEqual(script.weights[bestEpoch ?? epochs - 1]);
    }
    expect(cases.length).toBe(100);
  });
});
