import type {Scalar, Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import type {Scheduled} from './schedules.js';

/** The norm in which distance is measured; a number is the p of an l_p norm, p >= 1. Its dual measures gradients. */
export type Norm = 'l1' | 'l2' | 'linf' | number;

/** One layer that gets a margin; what is left out is taken from the options around it. */
export interface MarginLayer {
  /** Name of the layer, or of a set of layers: 'input', 'hidden', 'output' (the logits). */
  name: string;
  /** Margin wanted at this layer, > 0, in units of the layer's activation. */
  gamma?: Scheduled;
  /** Factor of this layer's term in the margin, >= 0. Default 1. */
  weight?: Scheduled;
  norm?: Norm;
  scale?: number | 'size';
}

/** What a large-margin loss needs to know; the symbols are those of equation (10) of Elsayed et al. 2018. */
export interface MarginOptions {
  /** Distance that every example should keep from the boundary, > 0; not needed where every layer has its own. */
  gamma?: Scheduled;
  /** Where margins are wanted. 'all' (default) = input + hidden. */
  layers?: 'all' | 'input' | Array<string | MarginLayer>;
  /** Norm of the distance. Default 'l2'. */
  norm?: Norm;
  /** The gradient norm is divided by it before epsilon is added; 'size' = number of units of the layer. Default 1. */
  scale?: number | 'size';
  /** What f is: the logits (default, as in the paper's text) or the class probabilities (as in its code). */
  scores?: 'logits' | 'probabilities';
  /** Number of rival classes for each example, 1..classes-1. Default 1. */
  topK?: number;
  /**
   * 'top' (default): the topK highest scores. 'random': topK drawn uniformly without replacement for each example
   * and step, unscaled, hence in expectation topK / (classes - 1) of the sum over all rivals at the price of topK.
   * Under heavy label noise (below 50 % true labels) 'top' with few rivals, and 'max', collapse to chance: the
   * loss is then lowest when all scores tie. 'random', or the sum over all rivals, still learns.
   */
  rivals?: 'top' | 'random';
  /** How the terms of several rivals become one. Default 'max'. */
  aggregate?: 'max' | 'sum';
  /** How the terms of several layers become one. Default 'sum'. */
  reduceLayers?: 'sum' | 'mean';
  /**
   * 'exact' (default) differentiates through the gradient norm; 'firstOrder' holds it constant (the paper's
   * shortcut). First-order logits without cross-entropy let the logits grow without bound, which hides gradients
   * from attacks instead of removing them: a warning says so.
   */
  gradient?: 'exact' | 'firstOrder';
  /**
   * What the mean and the variance that batch normalization takes of a training batch are to the margin's gradient.
   * 'constant' (default): constants, so that an example's distance is its own; weights still get the full gradient
   * through them. 'differentiated': a part of it, as in the authors' code; a distance then depends on the batch.
   */
  batchStatistics?: 'constant' | 'differentiated';
  /** A term is at most clip * gamma; null: no cap. Default 4. */
  clip?: number | null;
  /** Added to the gradient norm, > 0. Default 1e-6. */
  epsilon?: number;
  /** Factor of the margin in the loss, >= 0. Default 1. */
  marginWeight?: Scheduled;
  /** Factor of the label loss in the loss, >= 0. Default 1. */
  crossEntropyWeight?: Scheduled;
  /** Share of each label that the cross-entropy spreads over all classes, in [0, 1). Default 0. The margin is untouched. */
  labelSmoothing?: number;
  /** Seed of the random rivals, an integer. Default: a new one each time. */
  seed?: number;
  /** Training steps so far, for what changes with them. Models and optimizers count by themselves. */
  step?: number;
}

/** A margin layer with nothing left to default. */
export type ResolvedLayer = Required<MarginLayer>;

/** Margin options with nothing left to default but what each layer or each step may bring. */
export interface ResolvedOptions extends Required<Omit<MarginOptions, 'layers' | 'gamma' | 'seed' | 'step'>> {
  gamma?: Scheduled;
  seed?: number;
  step?: number;
}

/** The terms of a large-margin loss, each a scalar on the live tape. */
export interface LargeMarginLoss {
  /** crossEntropyWeight x crossEntropy + marginWeight x margin. */
  loss: Scalar;
  /** The label loss, mean over the batch. */
  crossEntropy: Scalar;
  /** The margin before marginWeight. */
  margin: Scalar;
  /** Each layer's term before the layer's weight. */
  layers: Record<string, Scalar>;
}

/**
 * What attacks and evaluations see of a net: a function from inputs [batch, ...] to float32 logits [batch, classes], at
 * inference, in which no example depends on another. Any such function will do; `toClassifier` makes one of a model.
 */
export interface Classifier {
  (x: Tensor): Tensor;
  /**
   * The net's own training loss of each example, for attacks that go against it.
   *
   * @param x On a live tape, from which the losses can be differentiated.
   * @param labels One-hot, [batch, classes].
   */
  ownLoss?: (x: Tensor, labels: Tensor2D) => {logits: Tensor; losses: Tensor};
  /** Runs f, passes forward and back, in whatever scope they need (faster kernels). Default: as it is. */
  within?: <T>(f: () => T) => T;
  /** A text that is the same for the same net with the same weights only. */
  fingerprint?: () => string | Promise<string>;
}
