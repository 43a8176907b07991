import type {Tensor} from '@tensorflow/tfjs-core';

/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | {[key: string]: Json};

/** A tensor under a name that no other of its list has. */
export interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/**
 * A callback whose knowledge outlives its process: what is read after an epoch and given to a new callback before
 * training goes on lets that one decide as the first would have.
 */
export interface ResumableCallback {
  /** Tells the states of different classes of callbacks apart. */
  readonly key: string;
  /** What has been learnt so far; undefined where there is nothing to save. */
  getState(): Json | undefined;
  /** Takes a state for the next training instead of a fresh start. */
  setState(state: Json): void;
  /** The tensors that belong to the state. They stay the callback's: read them before the next epoch ends. */
  getStateTensors?(): NamedTensor[];
  /** Takes copies of such tensors for the next training; the caller keeps its own. */
  setStateTensors?(tensors: NamedTensor[]): void;
}

/** Tells whether a callback can be saved and resumed. */
export function isResumable(callback: object): callback is ResumableCallback {
  const {key, getState, setState} = callback as Partial<ResumableCallback>;
  return typeof key === 'string' && typeof getState === 'function' && typeof setState === 'function';
}
