import * as tf from '@tensorflow/tfjs-core';
import {describe, it} from 'vitest';
import {
  slopeOfMean,
  slopeOfVariance,
  slopesFromOperations,
} from '../../../plugin/kernels/batch_norm_slopes.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';

describe('the slopes of a batch normalization from operations', () => {
  const shape: [number, number, number, number] = [3, 2, 5, 4];
  const [x, dy] = [randomTensor(shape, 1), randomTensor(shape, 2)];
  const [mean, offset, scale] = [3, 4, 5].map(seed => randomTensor([4], seed));
  const variance = tf.add(tf.abs(randomTensor([4], 6)), 0.1);
  const call = {x, mean, variance, scale, epsilon: 1e-2};
  const slopes = () => slopesFromOperations(dy, call);

  it("are tfjs's own", () => {
    const norm = (...inputs: tf.Tensor[]) => {
      const [x, mean, variance, offset, scale] = inputs as tf.Tensor1D[];
      return tf.batchNorm(x as tf.Tensor, mean, variance, offset, scale, 1e-2) as tf.Tensor;
    };
    const stock = tf.grads(norm as never)([x, mean, variance, offset, scale], dy);
    const {x: ofX, mean: ofMean, variance: ofVariance, offset: ofOffset, scale: ofScale} = slopes();
    [ofX(), ofMean(), ofVariance(), ofOffset(), ofScale()].forEach((slope, i) =>
      expectClose(slope.dataSync(), stock[i].dataSync(), 2e-6),
    );
  });

  it('follow from two sums', () => {
    const {mean, variance, offset, scale} = slopes();
    expectClose(slopeOfMean(call, offset()).dataSync(), mean().dataSync(), 1e-6);
    expectClose(slopeOfVariance(call, scale()).dataSync(), variance().dataSync(), 1e-6);
  });

  it('are computed when asked for', () => {
    expectNoLeak(() => {
      slopesFromOperations(dy, call);
      return undefined;
    });
  });
});
