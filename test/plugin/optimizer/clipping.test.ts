import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {clipGradients, resolveClipping} from '../../../plugin/optimizer/clipping.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {describeClipping} from './clipping_suite.js';

describeClipping();

describe('clipping', () => {
  it('returns tensors of its own and nothing else, clipped or not', () => {
    const gradients = [
      {name: 'a', tensor: tf.tensor1d([3, 4])},
      {name: 'b', tensor: tf.zeros([0, 3])},
    ];
    for (const options of [{globalClipNorm: 1}, {globalClipNorm: 9}, {clipValue: 1}, {}]) {
      const clipped = expectNoLeak(() => clipGradients(gradients, options));
      expect(clipped.map(({name, tensor}) => [name, tensor.shape])).toEqual([
        ['a', [2]],
        ['b', [0, 3]],
      ]);
      tf.dispose(clipped);
      expect(Array.from(gradients[0].tensor.dataSync())).toEqual([3, 4]);
    }
    tf.dispose(gradients);
  });

  it('of no gradients gives none', () => {
    expect(clipGradients([], {globalClipNorm: 1})).toEqual([]);
    expect(clipGradients([], {clipValue: 1})).toEqual([]);
  });

  it('scales a large random gradient to the norm wanted', () => {
    const gradients = [1, 2, 3].map(i => ({
      name: `${i}`,
      tensor: tf.randomNormal([50, i], 0, 10 ** i, 'float32', i),
    }));
    const clipped = clipGradients(gradients, {globalClipNorm: 5});
    const norm = Math.hypot(...clipped.flatMap(({tensor}) => Array.from(tensor.dataSync())));
    expectClose([norm], [5], 1e-6);
    tf.dispose([gradients, clipped]);
  });
});

describe('options of clipping', () => {
  it('are returned once they are checked', () => {
    expect(resolveClipping('test', {})).toEqual({});
    expect(resolveClipping('test', {globalClipNorm: 5})).toEqual({globalClipNorm: 5});
    expect(resolveClipping('test', {clipValue: 0.5, globalClipNorm: undefined})).toEqual({clipValue: 0.5});
  });

  it('are refused where both are given, or a value is not a finite number > 0', async () => {
    const both = {globalClipNorm: 1, clipValue: 1};
    await expectRefusal(() => resolveClipping('test', both), 'clipValue', /not both/, /direction/);
    for (const value of [0, -1, NaN, Infinity, '5', null]) {
      await expectRefusal(
        () => resolveClipping('test', {globalClipNorm: value as never}),
        'globalClipNorm',
        /> 0/,
      );
      await expectRefusal(() => resolveClipping('test', {clipValue: value as never}), 'clipValue', /> 0/);
    }
  });
});
