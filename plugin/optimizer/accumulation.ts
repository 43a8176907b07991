import {add, clone, dispose, div, keep, tidy, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {check, variableByName} from '../../src/index.js';
import {Counter} from './counter.js';
import {matchNames} from './matching.js';
import {ownersOf, type NamedGradient} from './owners.js';
import type {NamedTensor} from './slot_weights.js';

const CALLER = 'GradientAccumulator';
const COUNT = 'accumulatedSteps';
const SUM = '/accumulatedGradient';

/** Whether a saved tensor of this name is an accumulator's, where it is saved beside others. */
export function isAccumulated(name: string): boolean {
  return name === COUNT || (name.endsWith(SUM) && name !== SUM);
}

/**
 * Adds up the gradients of several batches, to step once with their mean: a batch of any size in the memory of a
 * small one. A variable counts with 0 for a batch in which it has no gradient. What a variable has gathered is
 * dropped where it is frozen or disposed of before the step.
 *
 * @param steps How many batches make one step, an integer >= 1.
 * @example
 * const accumulator = new GradientAccumulator(4);
 * const mean = accumulator.add(gradients); // undefined three times out of four
 */
export class GradientAccumulator {
  readonly steps: number;
  private batches = 0;
  private readonly sums = new Map<string, {owner: Variable; sum: Tensor}>();
  /** What was loaded and has not met its variable yet. */
  private readonly waiting = new Map<string, Tensor>();
  private readonly counter = new Counter();

  constructor(steps: number) {
    check(Number.isInteger(steps) && steps >= 1, CALLER, 'steps', 'to be an integer >= 1', steps);
    this.steps = steps;
  }

  /** How many batches have been added since the last step. */
  get count(): number {
    return this.batches;
  }

  /**
   * Adds the gradients of a batch.
   *
   * @param gradients Of registered variables; they stay the caller's.
   * @returns With every `steps`-th batch the means, which are the caller's; otherwise nothing.
   * @throws ArgumentError before anything is added.
   */
  add(gradients: NamedGradient[]): NamedTensor[] | undefined {
    const owners = ownersOf(CALLER, gradients);
    this.dropDisposed();
    this.claim(owners);
    gradients.forEach(({tensor}, i) => {
      if (tensor) this.addTo(owners[i], tensor);
    });
    this.batches++;
    return this.batches < this.steps ? undefined : this.takeMeans();
  }

  /** What is under way, to be saved: tensors that stay the accumulator's own. */
  getWeights(): NamedTensor[] {
    const sums = [...this.sums].map(([name, {sum}]) => ({name: name + SUM, tensor: sum}));
    const waiting = [...this.waiting].map(([name, sum]) => ({name: name + SUM, tensor: sum}));
    return [{name: COUNT, tensor: this.counter.tensorOf(this.batches)}, ...sums, ...waiting];
  }

  /**
   * Goes on from what was saved, bit for bit.
   *
   * @param weights As `getWeights` gave them; they stay the caller's.
   * @throws ArgumentError before anything changes.
   */
  setWeights(weights: NamedTensor[]): void {
    const expect = (ok: boolean, expected: string, got: unknown) =>
      check(
        ok,
        CALLER,
        'weights',
        expected,
        got,
        `load what getWeights gave, for as many steps (${this.steps})`,
      );
    const names = weights.map(({name}) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    expect(twice === undefined, 'to have each name once', twice);
    const gone = weights.find(({tensor}) => tensor.isDisposed)?.name;
    expect(gone === undefined, 'not to be disposed of', gone);
    const count = weights.find(({name}) => name === COUNT)?.tensor;
    expect(count?.size === 1, `to have a single number as ${COUNT}`, count?.shape);
    const [batches] = count!.dataSync();
    const isCount = Number.isInteger(batches) && batches >= 0 && batches < this.steps;
    expect(isCount, `${COUNT} to be an integer in 0..${this.steps - 1}`, batches);
    const sums = weights.filter(({name}) => name !== COUNT);
    expect(batches > 0 || sums.length === 0, 'to have no sums before the first batch', sums[0]?.name);
    for (const {name, tensor} of sums) {
      expect(isAccumulated(name), `to be ${COUNT} or <variable>${SUM}`, name);
      expect(tensor.dtype === 'float32', `${name} to be float32`, tensor.dtype);
    }
    const copies = sums.map(({name, tensor}) => [name.slice(0, -SUM.length), keep(clone(tensor))] as const);
    this.reset();
    this.batches = batches;
    for (const [name, sum] of copies) this.waiting.set(name, sum);
  }

  /** Forgets the batches that were added since the last step. */
  reset(): void {
    dispose([...[...this.sums.values()].map(({sum}) => sum), ...this.waiting.values()]);
    this.sums.clear();
    this.waiting.clear();
    this.batches = 0;
  }

  /** Frees all; doing it again does nothing. */
  dispose(): void {
    this.reset();
    this.counter.dispose();
  }

  private addTo(owner: Variable, gradient: Tensor): void {
    const before = this.sums.get(owner.name)?.sum;
    const sum = tidy(() => keep(before ? add(before, gradient) : clone(gradient)));
    before?.dispose();
    this.sums.set(owner.name, {owner, sum});
  }

  private takeMeans(): NamedTensor[] {
    for (const name of this.waiting.keys()) {
      const owner = variableByName(name);
      if (owner) this.claim([owner]);
    }
    if (this.waiting.size > 0) {
      const names = [...this.waiting.keys()].join(', ');
      console.warn(
        `${CALLER}: no variable for the loaded gradients of ${names}: they are not part of the step`,
      );
    }
    const moving = [...this.sums].filter(([, {owner}]) => owner.trainable);
    const means = moving.map(([name, {sum}]) => ({name, tensor: div(sum, this.steps)}));
    this.reset();
    return means;
  }

  /** Gives loaded sums to the variables that they belong to. */
  private claim(owners: Variable[]): void {
    if (this.waiting.size === 0) return;
    const open = owners.filter(({name}) => !this.sums.has(name));
    const saved = [...this.waiting].map(([name, {shape}]) => ({name, shape}));
    const matches = matchNames(open, saved);
    for (const owner of open) {
      const from = matches.get(owner.name);
      if (from === undefined) continue;
      this.sums.set(owner.name, {owner, sum: this.waiting.get(from)!});
      this.waiting.delete(from);
    }
  }

  private dropDisposed(): void {
    for (const [name, {owner, sum}] of this.sums) {
      if (variableByName(name) === owner) continue;
      sum.dispose();
      this.sums.delete(name);
    }
  }
}
