import * as tf from '@tensorflow/tfjs-core';
import {expect, it} from 'vitest';
import {allCases, pools, withoutDepthwise} from '../../contract/slopes/cases.js';
import {slopeError} from '../../contract/slopes/compare.js';
import {testSlopes} from '../../contract/slopes/suite.js';

testSlopes(withoutDepthwise(allCases));

it('a depthwise convolution throws by the name of the kernel that wasm lacks', () => {
  expect(tf.getBackend()).toBe('wasm');
  const depthwise = pools.find(({name}) => name.startsWith('depthwise'))!;
  expect(() => slopeError(depthwise)).toThrow(/DepthwiseConv2dNativeBackpropInput/);
});
