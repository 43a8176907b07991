import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {gapJacobian} from '../../../src/attacks/jacobian.js';
import {counted, linearNet, rowWiseNet} from '../../support/attacked_nets.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {randomTensor} from '../../support/randoms.js';
import {watchedSearch} from '../../support/searches.js';
import {convNet} from '../../support/tiny_models.js';

describe('gapJacobian', () => {
  it('gives the logits and, rival by rival, the slope of each gap', async () => {
    // W has the columns (1, 2), (3, 5), (-1, 4): the slope of z_y - z_k is w_y - w_k.
    const net = linearNet(
      tf.tensor2d([
        [1, 3, -1],
        [2, 5, 4],
      ]),
    );
    const search = watchedSearch(
      net,
      tf.tensor2d([
        [1, 1],
        [2, 0],
      ]),
      [0, 2],
      {classes: 3},
    );
    const {logits, slopes} = await expectNoLeakAsync(() =>
      gapJacobian(search, search.x, [
        [1, 2],
        [0, 1],
      ]),
    );
    expect([...logits]).toEqual([3, 8, 3, 2, 6, -2]);
    expect([...slopes]).toEqual([-2, -3, -2, 2, 2, -2, -4, -1]);
  });

  it('agrees with differences of the net, through a convolution', async () => {
    const model = convNet({activation: 'tanh', softmax: false});
    const net = (x: tf.Tensor) => model.apply(x) as tf.Tensor;
    const search = watchedSearch(net, randomTensor([2, 6, 6, 2], 3), [0, 1], {classes: 3});
    const {slopes} = await gapJacobian(search, search.x, [[1], [2]]);
    const along = randomTensor(search.x.shape, 4);
    const gapsAt = (t: number) =>
      tf.tidy(() => {
        const z = (net(tf.add(search.x, tf.mul(along, t))) as tf.Tensor2D).arraySync();
        return [z[0][0] - z[0][1], z[1][1] - z[1][2]];
      });
    const [ahead, behind] = [gapsAt(2e-3), gapsAt(-2e-3)];
    const step = along.dataSync();
    const directional = [0, 1].map(i => {
      let total = 0;
      for (let j = 72 * i; j < 72 * (i + 1); j++) total += slopes[j] * step[j];
      return total;
    });
    expectClose(
      directional,
      ahead.map((gap, i) => (gap - behind[i]) / 4e-3),
      5e-3,
    );
    along.dispose();
    model.dispose();
  });

  it('costs one pass forward, whatever the number of rivals', async () => {
    const net = counted(rowWiseNet(3, 5, 1));
    const search = watchedSearch(net, randomTensor([2, 3], 2), [0, 0], {classes: 5});
    await gapJacobian(search, search.x, [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ]);
    expect(net.sizes).toEqual([2]);
  });

  it('takes a net that returns its input', async () => {
    const search = watchedSearch(x => x, tf.tensor2d([[2, 1]]), [0], {classes: 2});
    const {slopes} = await expectNoLeakAsync(() => gapJacobian(search, search.x, [[1]]));
    expect([...slopes]).toEqual([1, -1]);
  });

  it('refuses a net whose logits do not come from x', async () => {
    const net = () => tf.tensor2d([[2, 1]]);
    const search = watchedSearch(net, tf.tensor2d([[2, 1]]), [0], {classes: 2});
    const look = () => gapJacobian(search, search.x, [[1]]);
    await expectRefusal(look, 'classifier', 'compute its result from x');
  });
});
