import {clone, engine, Tensor} from '@tensorflow/tfjs-core';
import {ArgumentError, check} from '../checks.js';
import {exactWalk} from './exact_walk.js';
import {onLiveTape, undoOnError} from './live_tape.js';

/**
 * Gives the gradient of f as a function that can be differentiated again: what `tf.grad(f)` should be inside another
 * gradient. tfjs's own is silently wrong there through softmax, tanh, sigmoid and whatever else saves its output, and
 * throws through pooling, relu6, elu, depthwise convolution, ...
 *
 *     tf.grad(secondOrder(f))                                     the second derivative, tf.grad(tf.grad(f))
 *     tf.grad(x => secondOrder(f)(x).mul(v).sum())                a Hessian-vector product
 *     tf.variableGrads(() => secondOrder(net)(x).square().sum())  a gradient penalty
 *
 * A custom gradient (`tf.customGrad`) must be made of what it saved: numbers that its forward pass has read cannot be told
 * from constants, and count as such.
 *
 * @param f Of a float32 tensor of any shape; the gradient is that of the sum of its values.
 * @returns The gradient at x, of x's shape, on the live tape where there is one. `dy`, of f's shape, weighs f's values.
 * @throws ArgumentError for an operation in f without a second derivative that can be trusted, when f does not depend
 *     on x, and for a dy of another shape.
 * @example
 * const curvature = tf.grad(secondOrder(x => tf.tanh(x)))(tf.tensor1d([0.5])); // -2 tanh (1 - tanh^2) = -0.7268
 */
export function secondOrder(f: (x: Tensor) => Tensor): (x: Tensor, dy?: Tensor) => Tensor {
  const caller = 'secondOrder';
  const refuse = (operation: string, why: string) =>
    new ArgumentError(caller, 'f', 'to have a known second derivative', `the operation ${operation}`, why);
  check(typeof f === 'function', caller, 'f', 'to be a function of a tensor', f);
  return (x, dy) => {
    const isTensor = x instanceof Tensor;
    check(isTensor && x.dtype === 'float32', caller, 'x', 'to be a float32 tensor', isTensor ? x.dtype : x);
    return onLiveTape(() =>
      undoOnError(() => {
        // A name of its own: what f uses beside its argument counts as constant, though it may come from x.
        const own = clone(x);
        const y = f(own);
        check(y instanceof Tensor, caller, 'f', 'to return a tensor', y);
        const fits = !dy || (dy.dtype === 'float32' && dy.shape.join() === y.shape.join());
        check(
          fits,
          caller,
          'dy',
          `to be float32 of f's shape [${y.shape}]`,
          dy && `${dy.dtype} [${dy.shape}]`,
        );
        const walk = () => engine().gradients(() => y, [own], dy, true).grads[0];
        const gradient = exactWalk(y, [own], walk, refuse);
        check(gradient != null, caller, 'f', 'to depend on x', 'a result without a gradient');
        return gradient;
      }),
    );
  };
}
