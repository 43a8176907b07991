import {keep, tensor1d, type Tensor1D} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import {Counter} from './counter.js';
import type {NamedTensor} from './slot_weights.js';

const CALLER = 'StepStream';
const STEPS = 'steps';
const SEED = 'seed';

/** Seed and number of steps so far, which decide what a step draws and what changes with it, to be saved as tensors. */
export class StepStream {
  steps = 0;
  private readonly counter = new Counter();
  private held?: {seed: number; bits: Tensor1D};

  /** @param seed An integer. */
  constructor(public seed: number) {}

  /** Tensors that stay the stream's own: tfjs's saving disposes of none. */
  getWeights(): NamedTensor[] {
    if (this.held?.seed !== this.seed || this.held.bits.isDisposed) {
      this.held?.bits.dispose();
      this.held = {seed: this.seed, bits: keep(bitsOf(this.seed))};
    }
    return [
      {name: STEPS, tensor: this.counter.tensorOf(this.steps)},
      {name: SEED, tensor: this.held.bits},
    ];
  }

  /** Whether a saved tensor of this name is a stream's, where it is saved beside others. */
  static owns(name: string): boolean {
    return name === STEPS || name === SEED;
  }

  /**
   * Reads what `getWeights` gave, and changes nothing.
   *
   * @throws ArgumentError where something is missing or another thing.
   */
  static read(weights: NamedTensor[]): {seed: number; steps: number} {
    const numbersOf = (name: string, size: number) => {
      const tensor = weights.find(weight => weight.name === name)?.tensor;
      const fits = tensor !== undefined && !tensor.isDisposed && tensor.size === size;
      const got = tensor && (tensor.isDisposed ? 'one that was disposed of' : tensor.shape);
      check(fits, CALLER, 'weights', `to have ${name} of ${size} number(s)`, got, WAY_OUT);
      return tensor.dataSync();
    };
    const [steps] = numbersOf(STEPS, 1);
    check(
      Number.isInteger(steps) && steps >= 0,
      CALLER,
      'weights',
      `${STEPS} to count steps`,
      steps,
      WAY_OUT,
    );
    const [seed] = new Float64Array(Int32Array.from(numbersOf(SEED, 2)).buffer);
    check(Number.isInteger(seed), CALLER, 'weights', `${SEED} to be an integer`, seed, WAY_OUT);
    return {seed, steps};
  }

  /** Frees all; doing it again does nothing. */
  dispose(): void {
    this.counter.dispose();
    this.held?.bits.dispose();
    this.held = undefined;
  }
}

const WAY_OUT = 'load what getWeights of a LargeMarginOptimizer gave';

/** An integer in the 64 bits that a number has: float32 would round it. */
function bitsOf(value: number): Tensor1D {
  return tensor1d(new Int32Array(new Float64Array([value]).buffer), 'int32');
}
