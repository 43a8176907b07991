import {
  AdadeltaOptimizer,
  AdagradOptimizer,
  AdamaxOptimizer,
  AdamOptimizer,
  MomentumOptimizer,
  RMSPropOptimizer,
  SGDOptimizer,
  Variable,
  type Optimizer,
} from '@tensorflow/tfjs-core';

/** A slot as tfjs's optimizers keep it: the state of one variable, and the name under which it would be saved. */
export interface Slot {
  originalName: string;
  variable: Variable;
}

const STOCK = [
  ...[SGDOptimizer, MomentumOptimizer, RMSPropOptimizer, AdamOptimizer],
  ...[AdamaxOptimizer, AdagradOptimizer, AdadeltaOptimizer],
];

/** Whether an optimizer is one of tfjs's own seven classes; `instanceof` calls every optimizer one of each. */
export function isStock(optimizer: Optimizer): boolean {
  const prototype: unknown = Object.getPrototypeOf(optimizer);
  return STOCK.some(of => of.prototype === prototype);
}

/**
 * The optimizer's own fields that hold slots by position: arrays with nothing else in them. Before the first step
 * they are empty, and so may be arrays that will never hold a slot.
 */
export function slotFields(optimizer: Optimizer): string[] {
  return Object.entries(optimizer)
    .filter(
      ([, value]) => Array.isArray(value) && Array.from(value).every(item => item == null || isSlot(item)),
    )
    .map(([field]) => field);
}

/** The fields without which a variable's slots are not whole, as far as that is known before a step. */
export function requiredSlotFields(optimizer: Optimizer): string[] {
  if (!isStock(optimizer)) return slotFields(optimizer).filter(field => slotsIn(optimizer, field).length > 0);
  const {centered} = optimizer as unknown as {centered?: boolean};
  const unused = centered === false ? 'accumulatedMeanGrads' : undefined;
  return slotFields(optimizer).filter(field => field !== unused);
}

/** The array itself: what is done to it in place is done to the optimizer. */
export function slotsIn(optimizer: Optimizer, field: string): Array<Slot | undefined> {
  return (optimizer as unknown as Record<string, Array<Slot | undefined>>)[field];
}

/** The variables that the optimizer has for all variables together, such as Adam's powers of beta, by their fields. */
export function sharedVariables(optimizer: Optimizer): Array<[field: string, variable: Variable]> {
  return Object.entries(optimizer).filter(
    (entry): entry is [string, Variable] => entry[1] instanceof Variable,
  );
}

/** Frees a slot, once: a variable that is disposed of twice lets go of what others hold. */
export function disposeSlot(slot?: Slot): void {
  if (slot && !slot.variable.isDisposed) slot.variable.dispose();
}

/** Sets the number of steps that the optimizer takes itself to have made; private in tfjs's typings. */
export function setIterations(optimizer: Optimizer, iterations: number): void {
  (optimizer as unknown as {iterations_: number}).iterations_ = iterations;
}

function isSlot(item: unknown): item is Slot {
  if (item === null || typeof item !== 'object') return false;
  const {originalName, variable} = item as Partial<Slot>;
  return typeof originalName === 'string' && variable instanceof Variable;
}
