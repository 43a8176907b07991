import {SGDOptimizer, variable, type Optimizer, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import {Counter} from './counter.js';
import {ownersOf, type NamedGradient} from './owners.js';
import {disposeSlot, isStock, setIterations, sharedVariables, slotFields, slotsIn} from './slot_fields.js';
import {SlotFiles} from './slot_files.js';
import {ITERATIONS, readWeights, slotName, type NamedTensor} from './slot_weights.js';

const CALLER = 'NamedSlots';

/**
 * Lets an optimizer of tfjs, which knows its slots by position, keep them by the names of variables.
 *
 * Before each step the optimizer's lists are arranged so that every slot lies where its variable is, and afterwards
 * they are filed by name again. A variable without a gradient is left out of the step: it moves by exactly 0 and its
 * slots stay as they are. Order, freezing, unfreezing and variables that come later are all the same to it. The slots
 * of a variable that was disposed of are dropped in the next step: no later variable of its name has a right to them.
 *
 * Works for all optimizers built like tfjs's: own fields that are arrays of `{originalName, variable}`. Of others
 * without such fields every step is passed on as it comes.
 *
 * @param inner Belongs to this object from now on: step, save and dispose of it here only.
 * @example
 * const slots = new NamedSlots(tf.train.adam());
 * slots.apply([{name: kernel.name, tensor: gradient}]);
 */
export class NamedSlots {
  readonly inner: Optimizer;
  private readonly files = new SlotFiles(CALLER);
  private readonly counter = new Counter();
  private isDisposed = false;

  constructor(inner: Optimizer) {
    this.inner = inner;
    for (const field of slotFields(inner)) {
      for (const slot of slotsIn(inner, field)) {
        // As tfjs names them: <variable>/m.
        if (slot) this.files.addWaiting(slot.originalName.replace(/\/[^/]*$/, ''), field, slot);
      }
    }
  }

  /**
   * Takes one step.
   *
   * @param gradients Of registered variables, each of its variable's shape; they stay the caller's.
   * @throws ArgumentError before anything changes.
   */
  apply(gradients: NamedGradient[]): void {
    this.checkInUse();
    const {inner, files} = this;
    const hasSlots = isStock(inner) || slotFields(inner).length > 0;
    const moving = hasSlots ? gradients.filter(({tensor}) => tensor != null) : gradients;
    const owners = ownersOf(CALLER, moving);
    files.dropDisposed();
    files.claim(owners);
    for (const field of slotFields(inner)) {
      const slots = owners.map(owner => files.slotOf(owner, field));
      slotsIn(inner, field).splice(0, Infinity, ...(slots.some(slot => slot) ? slots : []));
    }
    let misplaced: string | undefined;
    try {
      inner.applyGradients(moving as NamedTensor[]);
    } finally {
      misplaced = this.file(owners);
    }
    const expected = 'to keep one slot for each variable, by position and with its name';
    check(misplaced === undefined, CALLER, 'optimizer', expected, misplaced, 'use it without this adapter');
  }

  /**
   * The state by names: `iter`, variables for all together, then `<variable>/<field>` for each slot.
   *
   * @returns Tensors that stay the optimizer's own, good until its next step: clone what is to be kept.
   */
  async getWeights(): Promise<NamedTensor[]> {
    this.checkInUse();
    if (!this.hasState) return this.inner.getWeights();
    const shared = sharedVariables(this.inner).map(([name, tensor]) => ({name, tensor}));
    const slots = this.files
      .list()
      .map(({name, field, slot}) => ({name: slotName(name, field), tensor: slot.variable}));
    return [
      {name: ITERATIONS, tensor: this.counter.tensorOf(this.inner.iterations ?? 0)},
      ...shared,
      ...slots,
    ];
  }

  /**
   * Restores a state bit for bit. The slots wait for their variables: see `matchNames` for how they find them. What
   * finds none is kept, and saved again.
   *
   * @param weights As `getWeights` gave them; they stay the caller's.
   * @throws ArgumentError before anything changes.
   */
  async setWeights(weights: NamedTensor[]): Promise<void> {
    this.checkInUse();
    const {inner, files} = this;
    if (!this.hasState) return inner.setWeights(weights);
    const {iterations, shared, slots} = await readWeights(CALLER, inner, weights);
    this.checkInUse();
    // First of all, for the weights may be this object's own.
    const restored = [...slots].flatMap(([name, tensors]) =>
      Object.entries(tensors).map(([field, tensor]) => {
        const slot = {originalName: slotName(name, field), variable: variable(tensor, false)};
        return {name, field, slot};
      }),
    );
    for (const [field, own] of sharedVariables(inner)) if (own !== shared[field]) own.assign(shared[field]);
    setIterations(inner, iterations);
    this.disposeSlots();
    for (const {name, field, slot} of restored) files.addWaiting(name, field, slot);
  }

  /** Frees all that the optimizer and this object hold, also what tfjs forgets; doing it again does nothing. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.disposeSlots();
    this.counter.dispose();
    this.inner.dispose();
    // Momentum's dispose forgets what its superclass made.
    if (Object.prototype.isPrototypeOf.call(SGDOptimizer.prototype, this.inner)) {
      (this.inner as unknown as {c: Tensor}).c.dispose();
    }
  }

  /** Whether the state lies in fields that are known here. */
  private get hasState(): boolean {
    const {inner} = this;
    return isStock(inner) || slotFields(inner).length + sharedVariables(inner).length > 0;
  }

  /** Files the optimizer's lists by name; returns the name of a slot that is no variable's. */
  private file(owners: Variable[]): string | undefined {
    let misplaced: string | undefined;
    for (const field of slotFields(this.inner)) {
      slotsIn(this.inner, field).forEach((slot, i) => {
        if (!slot) return;
        if (owners[i] && slot.originalName.startsWith(owners[i].name)) this.files.add(owners[i], field, slot);
        else misplaced = `${field}: ${slot.originalName}`;
      });
    }
    return misplaced;
  }

  private disposeSlots(): void {
    this.files.dispose();
    for (const field of slotFields(this.inner)) {
      for (const slot of slotsIn(this.inner, field).splice(0)) disposeSlot(slot);
    }
  }

  private checkInUse(): void {
    check(!this.isDisposed, CALLER, 'optimizer', 'to be in use', 'one that was disposed of');
  }
}
