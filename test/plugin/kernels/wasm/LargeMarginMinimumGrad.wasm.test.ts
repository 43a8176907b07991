import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {minimumSlope} from '../../../../plugin/kernels/wasm/LargeMarginMinimumGrad.js';
import '../../../../plugin/kernels/wasm/index.js';
import {expectNoLeak} from '../../../support/expect_no_leak.js';
import {randomTensor} from '../../../support/randoms.js';
import {startWasmOn, WAYS} from '../../../support/wasm_engine.js';

describe.each(WAYS)('the slope of the smaller one on %s', way => {
  beforeAll(async () => void (await startWasmOn(way)));

  it.each([[[]], [[1]], [[6]], [[5, 7]], [[0]]])(
    'is dy below the number and 0 elsewhere, shape %s',
    shape => {
      const [x, dy, limit] = [randomTensor(shape, 1), randomTensor(shape, 2), tf.scalar(0.1)];
      const got = expectNoLeak(() => minimumSlope(dy, x, limit));
      expect(got.shape).toEqual(shape);
      const dys = dy.dataSync();
      const expected = Array.from(x.dataSync(), (value, i) => dys[i] * Number(value < Math.fround(0.1)));
      expect(Array.from(got.dataSync())).toEqual(expected);
    },
  );
});
