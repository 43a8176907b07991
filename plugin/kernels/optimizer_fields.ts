import type {Scalar, Variable} from '@tensorflow/tfjs-core';

/** A slot of an optimizer as tfjs keeps it: the variable, and the name under which it is saved. */
export interface Slot {
  originalName: string;
  variable: Variable;
}

// What tfjs's classes keep, private in their typings.

export interface SGDFields {
  /** Minus the learning rate. */
  c: Scalar;
}

export interface MomentumFields extends SGDFields {
  /** The momentum. */
  m: Scalar;
  useNesterov: boolean;
  accumulations: Slot[];
}

export interface RMSPropFields {
  learningRate: number;
  decay: number;
  momentum: number;
  epsilon: number;
  centered: boolean;
  accumulatedMeanSquares: Slot[];
  accumulatedMoments: Slot[];
  accumulatedMeanGrads: Slot[];
}

export interface AdamFields {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  accBeta1: Variable;
  accBeta2: Variable;
  accumulatedFirstMoment: Slot[];
  accumulatedSecondMoment: Slot[];
}
