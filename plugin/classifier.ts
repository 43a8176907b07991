import {Tensor, tidy, type Tensor2D} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, checkKeys, digest, type Classifier} from '../src/index.js';
import {graphNet, isGraphModel, type GraphModelLike} from './classifier_graph.js';
import {layersNet, type ClassifierNet} from './classifier_layers.js';
import {withKernels} from './kernel_scope.js';

const CALLER = 'toClassifier';
const WAY_OUT = 'a function x -> logits is a classifier, too';

/** Options of `toClassifier`. */
export interface ToClassifierOptions {
  /**
   * Of a model with several outputs the name of the classification output. Of a GraphModel it may be any node: the one
   * that gives the logits, where these are not found.
   */
  output?: string;
  /** From what is attacked to what the model was trained on, differentiable: bounds and epsilons are in units of x. */
  preprocess?: (x: Tensor) => Tensor;
}

/**
 * Makes of a model what attacks and evaluations take: a function from inputs to true logits, at inference. It reads
 * the live model, which stays as it is; training goes on seen.
 *
 * The logits of a net that ends in a softmax are what that softmax is given; a net that does not is taken to give
 * logits. A LargeMarginModel's classifier has `ownLoss` (for `loss: 'own'`): label loss and margin of each example with the
 * weights, gammas and norms of the current step and the strongest rivals, without regularizers and other outputs. In mode
 * 'exact' its gradient goes through the gradient norms; in mode 'firstOrder' these are constants, as in training. To
 * attack a plain model by a margin, wrap it in a LargeMarginModel first.
 *
 * @param model A tf.LayersModel, LargeMarginModel or tf.GraphModel with one float32 input.
 * @returns Takes [batch, ...], returns [batch, classes >= 2]; leaves no other tensor. `fingerprint` is the SHA-256 of topology
 *     and weights, the same after saving and loading; the text of `preprocess` counts in it, what it closes over does not.
 * @throws ArgumentError where there are no logits to be found: an output of another shape or of a sigmoid, a softmax
 *     that something else uses, too, or whose result is worked on; several inputs; integers. Later: for inputs of
 *     another shape and for a model that was disposed of.
 * @example
 * const classifier = toClassifier(mobilenet, {preprocess: x => x.mul(2).sub(1)});
 * const {success} = await pgd(classifier, pictures, labels, {epsilon: 4 / 255});
 */
export function toClassifier(
  model: LayersModel | GraphModelLike,
  options: ToClassifierOptions = {},
): Classifier {
  const {output, preprocess} = checkOptions(options);
  const net = netOf(model, output);
  const prepare = (x: Tensor) => {
    check(isLiveTensor(x), CALLER, 'x', 'to be a live tensor', describe(x));
    checkNotDisposed(net);
    const input = preprocess ? preprocess(x) : x;
    checkInput(net, x, input);
    return input;
  };
  const classify = (x: Tensor) => tidy(() => checkLogits(net.logits(prepare(x)), x.shape[0]));
  const {ownLoss} = net;
  const classifier: Classifier = Object.assign(classify, {
    within: withKernels,
    fingerprint: async () => {
      checkNotDisposed(net);
      const numbers = await Promise.all(net.weights().map(weight => weight.data()));
      return digest([net.topology(), preprocess ? String(preprocess) : '', ...numbers]);
    },
  });
  if (ownLoss) {
    classifier.ownLoss = (x, labels) => {
      const [rows, classes] = labels.shape;
      const fits = labels.rank === 2 && rows === x.shape[0] && classes === net.classes;
      check(fits, CALLER, 'labels', `of shape [${x.shape[0]}, ${net.classes}]`, labels.shape);
      return ownLoss(prepare(x), labels);
    };
  }
  return classifier;
}

function checkOptions(options: ToClassifierOptions): ToClassifierOptions {
  checkKeys(CALLER, 'options', options, ['output', 'preprocess']);
  const {output, preprocess} = options;
  const isName = output === undefined || typeof output === 'string';
  check(isName, CALLER, 'output', 'to be a name', output);
  const isFunction = preprocess === undefined || typeof preprocess === 'function';
  check(isFunction, CALLER, 'preprocess', 'to be a function', preprocess);
  return {output, preprocess};
}

function netOf(model: unknown, output: string | undefined): ClassifierNet {
  const isLayersModel = model instanceof LayersModel;
  const wanted = 'to be a tf.LayersModel, LargeMarginModel or tf.GraphModel';
  check(isLayersModel || isGraphModel(model), CALLER, 'model', wanted, describe(model), WAY_OUT);
  try {
    return isLayersModel ? layersNet(CALLER, model, output) : graphNet(CALLER, model, output);
  } catch (error) {
    // Others who plan a margin have this way out only in the end.
    if (error instanceof ArgumentError && !error.message.includes(WAY_OUT)) error.message += `; ${WAY_OUT}`;
    throw error;
  }
}

function isLiveTensor(x: unknown): boolean {
  return x instanceof Tensor && !x.isDisposed;
}

function checkNotDisposed(net: ClassifierNet): void {
  const isDisposed = net.weights().some(weight => weight.isDisposed);
  check(!isDisposed, CALLER, 'model', 'to be alive', 'a model that was disposed of');
}

/** Checks what the model is fed, not that it is finite: NaN goes through to the logits. */
function checkInput({inputShape}: ClassifierNet, x: Tensor, input: Tensor): void {
  check(isLiveTensor(input), CALLER, 'preprocess', 'to return a tensor', describe(input));
  const isShape = (shape: number[]) =>
    !inputShape ||
    (shape.length === inputShape.length &&
      shape.every((n, i) => i === 0 || [n, null].includes(inputShape[i])));
  const fits = isShape(input.shape) && input.shape[0] === x.shape[0] && input.size > 0;
  const wanted = `of shape [${(inputShape ?? ['any', '...']).map(size => size ?? 'any').join(', ')}]`;
  check(fits, CALLER, 'x', wanted, input.shape);
}

function checkLogits(logits: Tensor, batch: number): Tensor2D {
  const [rows, classes] = logits.shape;
  const fits = logits.rank === 2 && rows === batch && classes >= 2 && logits.dtype === 'float32';
  const got = `${logits.dtype} [${logits.shape}]`;
  check(fits, CALLER, 'output', `to give float32 logits [${batch}, classes >= 2]`, got, WAY_OUT);
  return logits as Tensor2D;
}

function describe(value: unknown): string {
  if (value instanceof Tensor) return value.isDisposed ? 'a disposed tensor' : 'a tensor';
  return typeof value === 'object' && value !== null
    ? (value.constructor?.name ?? 'an object')
    : String(value);
}
