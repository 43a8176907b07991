import * as tf from '@tensorflow/tfjs-core';
import {afterAll, describe, expect, it} from 'vitest';
import '../../../plugin/gradients/index.js';
import {ArgumentError} from '../../../src/checks.js';
import {secondOrder} from '../../../src/distance/second_order.js';
import {expectClose} from '../../support/expect_close.js';
import {errorOf, expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {leaningDirection, dot, slopeAtZero} from '../../support/finite_differences.js';
import {randomTensor} from '../../support/randoms.js';

type F = (x: tf.Tensor) => tf.Tensor;

/** How far c . d/dx (c . f'(x)) is from finite differences of c . f'(x), along a direction in which all counts. */
function errorAt(f: F, x: tf.Tensor): number {
  const c = randomTensor(x.shape, 9);
  const along = (t: tf.Tensor) => tf.sum(tf.mul(c, secondOrder(f)(t)));
  const claimed = tf.tidy(() => tf.grad(along)(x).dataSync());
  const u = leaningDirection(claimed, 3);
  const measured = slopeAtZero(t =>
    tf.tidy(() =>
      dot(
        c.dataSync(),
        tf
          .grad(f)(tf.add(x, tf.mul(tf.tensor(u, x.shape), t)))
          .dataSync(),
      ),
    ),
  );
  return Math.abs(dot(claimed, u) - measured) / Math.max(Math.abs(measured), 1e-2);
}

/** The same for tfjs's first derivative: a second one of a wrong first is worth nothing. */
function firstOrderErrorAt(f: F, x: tf.Tensor): number {
  return tf.tidy(() => {
    const c = randomTensor(f(x).shape, 8);
    const claimed = tf.grad(f)(x, c).dataSync();
    const u = leaningDirection(claimed, 5);
    const moved = (t: number) => tf.add(x, tf.mul(tf.tensor(u, x.shape), t));
    const measured = slopeAtZero(t => tf.tidy(() => dot(c.dataSync(), f(moved(t)).dataSync())));
    return Math.abs(dot(claimed, u) - measured) / Math.max(Math.abs(measured), 1e-2);
  });
}

const positive = (x: tf.Tensor) => tf.add(tf.square(x), 0.5);
const m = randomTensor<tf.Tensor4D>([3, 3, 2, 2], 4, 0.5);
const picture = (x: tf.Tensor) => tf.reshape(tf.tanh(x), [2, 4, 4, 2]) as tf.Tensor4D;
const volume = (x: tf.Tensor) => tf.reshape(x, [1, 4, 4, 4, 1]) as tf.Tensor5D;

/** tfjs's own operations, each on a way from x [64] that bends before and after it. */
const operations: Record<string, F> = {
  ...{abs: tf.abs, acos: x => tf.acos(tf.mul(tf.tanh(x), 0.5)), acosh: x => tf.acosh(tf.add(positive(x), 1))},
  ...{
    asin: x => tf.asin(tf.mul(tf.tanh(x), 0.5)),
    asinh: tf.asinh,
    atan: tf.atan,
    atan2: x => tf.atan2(x, positive(x)),
  },
  ...{
    atanh: x => tf.atanh(tf.mul(tf.tanh(x), 0.5)),
    cos: tf.cos,
    cosh: tf.cosh,
    erf: tf.erf,
    expm1: tf.expm1,
  },
  ...{
    log1p: x => tf.log1p(positive(x)),
    logSigmoid: tf.logSigmoid,
    reciprocal: x => tf.reciprocal(positive(x)),
  },
  ...{sin: tf.sin, sinh: tf.sinh, tan: x => tf.tan(tf.mul(tf.tanh(x), 0.5)), selu: tf.selu, elu: tf.elu},
  ...{
    pow: x => tf.pow(positive(x), 1.7),
    powOfPower: x => tf.pow(positive(x), tf.tanh(x)),
    prod: x => tf.prod(positive(x).reshape([16, 4]), 1),
  },
  ...{
    cumsum: x => tf.cumsum(x),
    floorDiv: x => tf.floorDiv(x, 0.3),
    mod: x => tf.mod(positive(x), 0.7),
    round: tf.round,
  },
  ...{
    prelu: x => tf.prelu(x, tf.scalar(0.1)),
    leakyRelu: x => tf.leakyRelu(x, 0.1),
    where: x => tf.where(tf.greater(x, 0), tf.square(x), tf.sin(x)),
  },
  ...{
    gather: x => tf.gather(x, tf.tensor1d([5, 1, 5], 'int32')),
    reverse: x => tf.reverse(x),
    unstack: x => tf.unstack(tf.reshape(x, [8, 8]))[3],
  },
  ...{stridedSlice: x => tf.stridedSlice(x, [3], [40], [4]), mirrorPad: x => tf.mirrorPad(tf.reshape(x, [8, 8]), [[1, 1], [2, 0]], 'reflect')}, // prettier-ignore
  ...{
    min: x => tf.min(tf.reshape(x, [8, 8]), 1),
    logSumExp: x => tf.logSumExp(tf.reshape(x, [8, 8]), 1),
    norm: x => tf.norm(x),
  },
  ...{
    softplus: tf.softplus,
    sigmoid: tf.sigmoid,
    relu6: x => tf.relu6(tf.mul(x, 9)),
    step: x => tf.mul(x, tf.step(x)),
  },
  ...{
    broadcastTo: x => tf.broadcastTo(tf.reshape(x, [8, 1, 8]), [8, 3, 8]),
    outer: x => tf.outerProduct(x as tf.Tensor1D, x as tf.Tensor1D),
  },
  ...{spaceToBatch: x => tf.spaceToBatchND(picture(x), [2, 2], [[0, 0], [0, 0]]), batchToSpace: x => tf.batchToSpaceND(tf.reshape(x, [4, 4, 4, 1]), [2, 2], [[0, 0], [0, 0]])}, // prettier-ignore
  ...{
    depthToSpace: x => tf.depthToSpace(tf.reshape(x, [1, 4, 4, 4]) as tf.Tensor4D, 2),
    dilation: x => tf.dilation2d(picture(x), randomTensor([2, 2, 2], 5) as tf.Tensor3D, 1, 'same'),
  },
  ...{
    einsum: x => tf.einsum('ij,jk->ik', tf.reshape(x, [8, 8]), tf.reshape(x, [8, 8])),
    lrn: x => tf.localResponseNormalization(picture(x)),
  },
  ...{
    conv3d: x => tf.conv3d(volume(x), randomTensor([2, 2, 2, 1, 2], 6) as tf.Tensor5D, 1, 'same'),
    maxPool3d: x => tf.maxPool3d(volume(x), 2, 2, 'valid'),
    avgPool3d: x => tf.avgPool3d(volume(x), 2, 2, 'valid'),
  },
  ...{
    depthwise: x => tf.depthwiseConv2d(picture(x), m, 1, 'same'),
    transposed: x => tf.conv2dTranspose(picture(x), m, [2, 8, 8, 2], 2, 'same'),
  },
  ...{
    resizeNearest: x => tf.image.resizeNearestNeighbor(picture(x), [8, 8]),
    resizeBilinear: x => tf.image.resizeBilinear(picture(x), [7, 6]),
  },
};

describe('secondOrder through an operation of tfjs agrees with finite differences, or is refused', () => {
  const x = randomTensor([64], 31);
  const refused: string[] = [];
  let worst = ['', 0] as [string, number];
  afterAll(() =>
    console.log(
      `second order: worst ${worst[1].toExponential(1)} (${worst[0]}); refused: ${refused.join(', ')}`,
    ),
  );

  it.each(Object.entries(operations))('%s', (name, operation) => {
    const bent: F = t => tf.sin(operation(tf.sin(t)));
    const refusal = errorOf(() => tf.tidy(() => tf.grad(secondOrder(bent))(x)));
    return refusal.then(thrown => {
      if (thrown === undefined) {
        const error = errorAt(bent, x);
        if (error > worst[1]) worst = [name, error];
        expect(firstOrderErrorAt(bent, x)).toBeLessThan(2e-3);
        expect(error).toBeLessThan(2e-3);
        return;
      }
      refused.push(name);
      // What tfjs cannot differentiate even once is none of ours.
      const isOwn = thrown instanceof ArgumentError && thrown.argument === 'f';
      if (!isOwn) expect(() => tf.tidy(() => tf.grad(bent)(x)), String(thrown)).toThrow();
    });
  });
});

describe('secondOrder', () => {
  const x = randomTensor<tf.Tensor2D>([3, 4], 1);
  const w = randomTensor<tf.Tensor2D>([4, 5], 2);

  it('gives tanh its second derivative, -2 tanh (1 - tanh^2)', () => {
    const at = tf.tensor1d([0.5, -1, 2]);
    const expected = Array.from(at.dataSync(), t => -2 * Math.tanh(t) * (1 - Math.tanh(t) ** 2));
    const own = expectNoLeak(() => tf.grad(secondOrder(t => tf.tanh(t)))(at));
    expectClose(own.dataSync(), expected, 1e-6);
  });

  it('alone gives the gradient of tf.grad, weighed by dy', () => {
    const f: F = t => tf.softmax(tf.matMul(t as tf.Tensor2D, w));
    const dy = randomTensor([3, 5], 3);
    const [own, other] = [expectNoLeak(() => secondOrder(f)(x, dy)), tf.grad(f)(x, dy)];
    expectClose(own.dataSync(), other.dataSync(), 1e-6);
  });

  it('gives Hessian-vector products: that of a quadratic form is (A + A^T) v', () => {
    const a = randomTensor<tf.Tensor2D>([4, 4], 4);
    const v = randomTensor<tf.Tensor2D>([4, 1], 5);
    const f: F = t => tf.sum(tf.mul(t, tf.matMul(a, t as tf.Tensor2D)));
    const product = tf.grad(t => tf.sum(tf.mul(secondOrder(f)(t), v)))(randomTensor([4, 1], 6));
    const expected = tf.matMul(tf.add(a, tf.transpose(a)) as tf.Tensor2D, v);
    expectClose(product.dataSync(), expected.dataSync(), 1e-5);
  });

  it('gives the weights the gradient of a gradient penalty, compared with finite differences', () => {
    const kernel = tf.variable(w);
    const net: F = t => tf.softmax(tf.elu(tf.matMul(t as tf.Tensor2D, kernel))).slice([0, 0], [3, 1]);
    const penalty = () => tf.sum(tf.square(secondOrder(net)(x))) as tf.Scalar;
    const {grads} = expectNoLeak(() => tf.variableGrads(penalty, [kernel]));
    const claimed = grads[kernel.name].dataSync();
    const u = leaningDirection(claimed, 7);
    const start = kernel.clone();
    const measured = slopeAtZero(t =>
      tf.tidy(() => {
        kernel.assign(tf.add(start, tf.mul(tf.tensor(u, w.shape), t)));
        return penalty().dataSync()[0];
      }),
    );
    expectClose([dot(claimed, u)], [measured], 1e-3);
    kernel.dispose();
  });

  it('counts what f uses beside its argument as constant', () => {
    const own = tf.grad(t => {
      const beside = tf.square(t);
      return secondOrder(z => tf.mul(z, beside))(t);
    })(tf.scalar(3));
    // d/dz (z t^2) = t^2, whose derivative is 2 t.
    expect(own.dataSync()[0]).toBe(6);
  });

  it('leaves the tape as it was where it throws, and no tensor', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(await errorOf(() => expectNoLeak(() => secondOrder(broken)(x)))).toMatchObject({
      message: 'broken',
    });
    tf.tidy(() =>
      tf.grad(t => {
        const before = tf.engine().state.activeTape.length;
        expect(() => secondOrder(z => tf.prod(tf.tanh(z)))(t)).toThrow(ArgumentError);
        expect(tf.engine().state.activeTape.length).toBe(before);
        return tf.square(t);
      })(x),
    );
  });

  it('refuses what it cannot work with', async () => {
    await expectRefusal(() => secondOrder(3 as never), 'f', 'function');
    await expectRefusal(() => secondOrder(tf.square)(3 as never), 'x', 'float32 tensor');
    await expectRefusal(() => tf.tidy(() => secondOrder(tf.square)(tf.tensor1d([1], 'int32'))), 'x', 'int32');
    await expectRefusal(() => secondOrder(() => 1 as never)(x), 'f', 'to return a tensor');
    await expectRefusal(() => tf.tidy(() => secondOrder(tf.square)(x, tf.ones([3]))), 'dy', '[3,4]', '[3]');
    await expectRefusal(() => tf.tidy(() => secondOrder(() => tf.ones([3]))(x)), 'f', 'to depend on x');
    await expectRefusal(() => secondOrder(z => tf.prod(z))(x), 'f', 'Prod', 'Cumprod');
  });
});
