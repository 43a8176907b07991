import {all, isFinite, stack, sum, tidy} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import type {NamedTensor} from './slot_weights.js';

/** Where a NaN or an Infinity came up: as much as is known. */
export interface NonFiniteFault {
  /** Of the optimizer, 0 for the first. */
  step: number;
  /** The term of the loss: `crossEntropy`, `margin`, ... */
  term?: string;
  /** The layer whose margin it is. */
  layer?: string;
  /** The variable whose gradient it is in. */
  variable?: string;
}

/** A step could not be taken because of a NaN or an Infinity; no weight has changed. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
  readonly step: number;
  readonly term?: string;
  readonly layer?: string;
  readonly variable?: string;

  constructor(caller: string, {step, term, layer, variable}: NonFiniteFault, wayOut: string) {
    super(
      `${caller}: expected finite numbers, got NaN or Infinity ${place({step, term, layer, variable})}; ${wayOut}`,
    );
    this.step = step;
    this.term = term;
    this.layer = layer;
    this.variable = variable;
  }
}

/**
 * The name of the first variable whose gradient has NaN or Infinity in it; undefined where all are finite, which
 * takes one look at the device for all of them together.
 *
 * @param gradients float32 tensors; they stay the caller's.
 */
export function findNonFinite(gradients: NamedTensor[]): string | undefined {
  if (gradients.length === 0) return undefined;
  // A sum shows every NaN and Infinity; where it overflows itself, the numbers are looked at one by one.
  const sums = tidy(() => stack(gradients.map(({tensor}) => sum(tensor))).dataSync());
  const isBad = ({tensor}: NamedTensor) => tidy(() => all(isFinite(tensor)).dataSync()[0] === 0);
  return gradients.find((gradient, i) => !Number.isFinite(sums[i]) && isBad(gradient))?.name;
}

/** What is done about a step whose loss or gradients are not finite. */
export interface NonFiniteOptions {
  /** 'raise': an error. 'skip': the step is left out. 'stop': it is left out, and so are all to come. */
  policy: 'raise' | 'skip' | 'stop';
  /** With 'skip': how many steps in a row may be left out; one more is an error. Default 10. */
  maxSkips?: number;
}

/**
 * Decides about steps that are not finite, one after the other.
 *
 * @example
 * const policy = new NonFinitePolicy('LargeMarginOptimizer', {policy: 'skip', maxSkips: 5});
 * policy.admit(); // before each step
 * const variable = findNonFinite(gradients);
 * if (policy.decide(variable === undefined ? undefined : {step, variable})) slots.apply(gradients);
 */
export class NonFinitePolicy {
  readonly policy: NonFiniteOptions['policy'];
  readonly maxSkips: number;
  private readonly caller: string;
  private inARow = 0;
  private total = 0;
  private fault?: NonFiniteFault;

  constructor(caller: string, {policy, maxSkips = 10}: NonFiniteOptions) {
    const isKnown = policy === 'raise' || policy === 'skip' || policy === 'stop';
    check(isKnown, caller, 'nonFinite', "to be 'raise', 'skip' or 'stop'", policy);
    const isCount = Number.isInteger(maxSkips) && maxSkips >= 1;
    check(isCount, caller, 'maxSkips', 'to be an integer >= 1', maxSkips);
    this.caller = caller;
    this.policy = policy;
    this.maxSkips = maxSkips;
  }

  /** Whether training was stopped; the model's weights are those before the step at fault. */
  get stopped(): boolean {
    return this.fault !== undefined;
  }

  /** How many steps were left out in a row, the last one among them. */
  get skipsInARow(): number {
    return this.inARow;
  }

  /** How many steps were left out in all. */
  get skips(): number {
    return this.total;
  }

  /**
   * To be called before a step.
   *
   * @throws NonFiniteError where training was stopped.
   */
  admit(): void {
    if (!this.fault) return;
    throw new NonFiniteError(this.caller, this.fault, 'training stopped there; reset() lets it go on');
  }

  /**
   * Decides about a step.
   *
   * @param fault Missing where the step is sound.
   * @returns Whether to take the step.
   * @throws NonFiniteError by 'raise', and by 'skip' after too many in a row.
   */
  decide(fault?: NonFiniteFault): boolean {
    if (!fault) {
      this.inARow = 0;
      return true;
    }
    if (this.policy === 'raise') throw new NonFiniteError(this.caller, fault, WAY_OUT);
    this.inARow++;
    this.total++;
    if (this.policy === 'stop') {
      this.fault = fault;
      console.warn(`${this.caller}: NaN or Infinity ${place(fault)}: training stops, no weight has changed`);
    } else if (this.inARow > this.maxSkips) {
      throw new NonFiniteError(
        this.caller,
        fault,
        `${this.maxSkips} steps were left out before it in a row; ${WAY_OUT}`,
      );
    }
    return false;
  }

  /** Lets training go on, and counts from 0. */
  reset(): void {
    this.fault = undefined;
    this.inARow = 0;
    this.total = 0;
  }
}

const WAY_OUT = 'try a smaller learning rate or globalClipNorm, and look for NaN in the data';

function place({step, term, layer, variable}: NonFiniteFault): string {
  const parts = [
    ...(term === undefined ? [] : [`in the term ${term}`]),
    ...(layer === undefined ? [] : [`at layer ${layer}`]),
    ...(variable === undefined ? [] : [`in the gradient of ${variable}`]),
  ];
  return [...parts, `in step ${step}`].join(', ');
}
