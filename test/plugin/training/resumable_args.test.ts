import type {Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {RandomStream} from '../../../plugin/index.js';
import {checkStore, resolveFitArgs, type ResumableFitArgs} from '../../../plugin/training/resumable_args.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {TrainingStore} from '../../support/training_store.js';

describe('resolveFitArgs', () => {
  it('fills in the defaults', () => {
    const defaults = {
      saveEvery: 'epoch',
      fallback: false,
      epochs: 1,
      batchSize: 32,
      shuffle: true,
      seed: 0,
      streams: {},
    };
    expect(resolveFitArgs('test', {})).toEqual(defaults);
    expect(resolveFitArgs('test', {epochs: undefined, checkpoints: undefined})).toMatchObject(defaults);
  });

  it('leaves what is given', () => {
    const args: ResumableFitArgs = {
      ...{
        checkpoints: new TrainingStore(),
        saveEvery: 7,
        fallback: true,
        epochs: 3,
        batchSize: 5,
        shuffle: false,
      },
      ...{seed: -4, streams: {mine: new RandomStream(1)}, augment: (inputs: Tensor[]) => inputs},
      ...{classWeight: {0: 1}, callbacks: [{}]},
    };
    expect(resolveFitArgs('test', args)).toEqual(args);
  });

  it.each<[string, unknown[]]>([
    ['args', [null, 3, 'x']],
    ['saveEvery', ['batch', 0, 1.5, -1, null, NaN]],
    ['fallback', ['yes', 1, null]],
    ['epochs', [0, 1.5, '2', NaN, Infinity, null]],
    ['batchSize', [0, 1.5, '2', NaN, Infinity, null]],
    ['shuffle', ['batch', 1, null]],
    ['seed', [0.5, '1', NaN, Infinity, 2 ** 53, null]],
    ['checkpoints', [null, {}, {save: 1, load: 2}, {save: () => {}}, 'folder']],
    ['augment', [null, {}, 'flip']],
    ['validationData', [null, {}, [], [1], [1, 2, 3], 0.2]],
    ['callbacks', [null, 3, [null], [{}, 'x']]],
    ['streams', [null, 3, {a: null}, {a: 3}, {a: {getState: () => {}}}]],
  ])('refuses a bad %s, naming it', async (argument, values) => {
    for (const value of values) {
      const args = argument === 'args' ? value : {[argument]: value};
      await expectRefusal(
        () => resolveFitArgs('test', args as ResumableFitArgs),
        argument,
        /^test: expected/,
      );
    }
  });

  it.each(['shuffle', 'layers', 'augment'])(
    'refuses the name %s for a generator, which is taken',
    async name => {
      const streams = {[name]: new RandomStream(1)};
      await expectRefusal(() => resolveFitArgs('test', {streams}), 'streams', 'other names', name);
    },
  );

  it.each(['verbose', 'initialEpoch', 'validationSplit', 'yieldEvery', 'epoch'])(
    'refuses the key %s, which it would ignore',
    async key => {
      await expectRefusal(() => resolveFitArgs('test', {[key]: 1}), 'args', 'saveEvery', key);
    },
  );
});

describe('checkStore', () => {
  it('passes what can save and load', () => {
    expect(() => checkStore('test', 'store', new TrainingStore())).not.toThrow();
  });

  it('refuses anything else', async () => {
    for (const store of [undefined, null, 3, {load: () => {}}]) {
      await expectRefusal(() => checkStore('test', 'store', store), 'store', 'CheckpointFolder');
    }
  });
});
