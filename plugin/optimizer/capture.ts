import {clone, scalar, tensor1d, util, variable, type Optimizer, type Tensor} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';
import {hasLearningRate, learningRateOf, setLearningRate} from './learning_rate.js';
import {
  disposeSlot,
  requiredSlotFields,
  setIterations,
  sharedVariables,
  slotFields,
  slotsIn,
  type Slot,
} from './slot_fields.js';
import {ITERATIONS, type NamedTensor} from './slot_weights.js';

const CALLER = 'restoreOptimizer';
const RATE = 'learningRate';

/**
 * Copies the whole state of an optimizer of tfjs, or of one built like those: the count of its steps, its learning
 * rate, what it keeps for all variables together and its slots, by position as it has them itself.
 *
 * What an optimizer keeps in other places than variables and lists of slots is not known here, nor are options that
 * do not change.
 *
 * @returns New tensors under names that only `restoreOptimizer` need understand; the caller disposes of them.
 * @example
 * const state = captureOptimizer(model.optimizer);
 */
export function captureOptimizer(optimizer: Optimizer): NamedTensor[] {
  const shared = sharedVariables(optimizer).map(([name, tensor]) => ({name, tensor: clone(tensor)}));
  const slots = slotFields(optimizer).flatMap(field =>
    slotsIn(optimizer, field).flatMap((slot, i) =>
      slot ? [{name: `${field}/${i}/${slot.originalName}`, tensor: clone(slot.variable)}] : [],
    ),
  );
  const rate = hasLearningRate(optimizer) ? [{name: RATE, tensor: bitsOf(learningRateOf(optimizer))}] : [];
  const count = scalar(optimizer.iterations ?? 0, 'int32');
  return [{name: ITERATIONS, tensor: count}, ...rate, ...shared, ...slots];
}

/**
 * Gives an optimizer a captured state, bit for bit; what it had before is freed. Its next step is the one that the
 * captured optimizer would have taken, on the same variables in the same order.
 *
 * @param optimizer Of the same class and options as the captured one.
 * @param state As `captureOptimizer` gave it; the tensors stay the caller's.
 * @throws ArgumentError before anything changes.
 */
export function restoreOptimizer(optimizer: Optimizer, state: NamedTensor[]): void {
  const expect = (ok: boolean, expected: string, got: unknown) =>
    check(ok, CALLER, 'state', expected, got, `restore what was captured of an optimizer of its kind`);
  const byName = new Map(state.map(({name, tensor}) => [name, tensor]));
  expect(
    byName.size === state.length,
    'to have each name once',
    state.map(({name}) => name),
  );
  const gone = state.find(({tensor}) => tensor.isDisposed)?.name;
  expect(gone === undefined, 'not to be disposed of', gone);
  const take = (name: string, dtype: string, shape: number[]) => {
    const tensor = byName.get(name);
    const fits = tensor?.dtype === dtype && util.arraysEqual(tensor.shape, shape);
    expect(fits, `to have ${name}, ${dtype} [${shape}]`, tensor && `${tensor.dtype} [${tensor.shape}]`);
    byName.delete(name);
    return tensor!;
  };
  const [iterations] = take(ITERATIONS, 'int32', []).dataSync();
  expect(iterations >= 0, `${ITERATIONS} to count steps`, iterations);
  const rate = hasLearningRate(optimizer) ? numberOf(take(RATE, 'int32', [2]).dataSync()) : undefined;
  const isRate = rate === undefined || rate === learningRateOf(optimizer) || rate >= 0;
  expect(isRate, `${RATE} to be a finite number >= 0`, rate);
  const shared = sharedVariables(optimizer).map(
    ([name, own]) => [own, take(name, own.dtype, own.shape)] as const,
  );
  const lists = readSlots(optimizer, byName, expect);

  setIterations(optimizer, iterations);
  if (rate !== undefined && rate !== learningRateOf(optimizer)) setLearningRate(optimizer, rate);
  for (const [own, tensor] of shared) own.assign(tensor);
  for (const field of slotFields(optimizer)) {
    const slots = (lists.get(field) ?? []).map(({originalName, tensor}): Slot => {
      return {originalName, variable: variable(tensor, false)};
    });
    for (const slot of slotsIn(optimizer, field).splice(0, Infinity, ...slots)) disposeSlot(slot);
  }
}

/** The lists of slots that are named `<field>/<place>/<name>`: whole, without gaps, and as long as each other. */
function readSlots(
  optimizer: Optimizer,
  tensors: Map<string, Tensor>,
  expect: (ok: boolean, expected: string, got: unknown) => void,
): Map<string, SavedSlot[]> {
  const fields = slotFields(optimizer);
  const lists = new Map<string, SavedSlot[]>();
  for (const [name, tensor] of tensors) {
    const [, field = '', place, originalName] = /^([^/]+)\/(\d+)\/(.*)$/s.exec(name) ?? [];
    expect(fields.includes(field), `to be of ${optimizer.getClassName()}`, name);
    expect(tensor.dtype === 'float32', `${name} to be float32`, tensor.dtype);
    expect(Number(place) < tensors.size, `to have no gap before ${name}`, name);
    const list = lists.get(field) ?? [];
    expect(list[Number(place)] === undefined, `to have ${field}/${place} once`, name);
    list[Number(place)] = {originalName, tensor};
    lists.set(field, list);
  }
  if (tensors.size === 0) return lists;
  const shapesOf = (list: SavedSlot[] = []) => JSON.stringify(Array.from(list, slot => slot?.tensor.shape));
  const shapes = shapesOf([...lists.values()][0]);
  for (const field of new Set([...requiredSlotFields(optimizer), ...lists.keys()])) {
    const own = shapesOf(lists.get(field));
    const isWhole = own === shapes && !own.includes('null');
    expect(isWhole, `to have slots of the shapes ${shapes}, without gaps, in ${field}`, own);
  }
  return lists;
}

interface SavedSlot {
  originalName: string;
  tensor: Tensor;
}

/** A number in all its 64 bits: float32 would round it, and with it what a config says. */
function bitsOf(value: number) {
  return tensor1d(new Int32Array(new Float64Array([value]).buffer), 'int32');
}

function numberOf(bits: ArrayLike<number>): number {
  return new Float64Array(Int32Array.from(bits).buffer)[0];
}
