import type {Variable} from '@tensorflow/tfjs-core';
import {check, variableByName} from '../../src/index.js';
import {matchNames} from './matching.js';
import {disposeSlot, type Slot} from './slot_fields.js';
import {slotName} from './slot_weights.js';

/** Slots by the fields of their optimizer. */
type Slots = Map<string, Slot>;

/** The slots of an optimizer, filed by the names of variables. */
export class SlotFiles {
  private readonly owned = new Map<string, {owner: Variable; slots: Slots}>();
  /** What was loaded and has not met its variable yet, by the saved name. */
  private readonly waiting = new Map<string, Slots>();
  private readonly caller: string;

  constructor(caller: string) {
    this.caller = caller;
  }

  /** Files a loaded slot, which waits for its variable from now on. */
  addWaiting(name: string, field: string, slot: Slot): void {
    const slots = this.waiting.get(name) ?? new Map<string, Slot>();
    check(
      !slots.has(field),
      this.caller,
      'optimizer',
      'to have one slot for each variable',
      slotName(name, field),
    );
    this.waiting.set(name, slots.set(field, slot));
  }

  /** Files a slot of a variable. */
  add(owner: Variable, field: string, slot: Slot): void {
    const file = this.owned.get(owner.name) ?? {owner, slots: new Map<string, Slot>()};
    file.slots.set(field, slot);
    this.owned.set(owner.name, file);
  }

  slotOf({name}: Variable, field: string): Slot | undefined {
    return this.owned.get(name)?.slots.get(field);
  }

  /** All slots with the names of their variables; loaded ones that have not met theirs, too. */
  list(): Array<{name: string; field: string; slot: Slot}> {
    const files = [...[...this.owned].map(([name, {slots}]) => [name, slots] as const), ...this.waiting];
    return files.flatMap(([name, slots]) => [...slots].map(([field, slot]) => ({name, field, slot})));
  }

  /**
   * Gives waiting slots to the variables that they belong to.
   *
   * @throws ArgumentError where a variable's slots have another shape than it has; nothing has moved then.
   */
  claim(variables: Variable[]): void {
    const open = variables.filter(({name}) => !this.owned.has(name));
    if (open.length === 0 || this.waiting.size === 0) return;
    const saved = [...this.waiting].map(([name, slots]) => ({name, shape: shapeOf(slots)}));
    const matches = matchNames(open, saved);
    this.checkShapes(open, saved, new Set(matches.values()));
    for (const owner of open) {
      const from = matches.get(owner.name);
      if (from === undefined) continue;
      const slots = this.waiting.get(from)!;
      for (const [field, slot] of slots) slot.originalName = slotName(owner.name, field);
      this.waiting.delete(from);
      this.owned.set(owner.name, {owner, slots});
    }
    const anew = open.filter(({name}) => !matches.has(name)).map(({name}) => name);
    if (anew.length > 0) this.warnOfNewStart(anew);
  }

  /** Frees the slots of variables that are no more. */
  dropDisposed(): void {
    for (const [name, {owner, slots}] of this.owned) {
      if (variableByName(name) === owner) continue;
      slots.forEach(slot => disposeSlot(slot));
      this.owned.delete(name);
    }
  }

  dispose(): void {
    for (const {slots} of this.owned.values()) slots.forEach(slot => disposeSlot(slot));
    for (const slots of this.waiting.values()) slots.forEach(slot => disposeSlot(slot));
    this.owned.clear();
    this.waiting.clear();
  }

  private checkShapes(
    open: Variable[],
    saved: Array<{name: string; shape: number[]}>,
    taken: Set<string>,
  ): void {
    for (const {name, shape} of saved) {
      const owner = open.find(variable => variable.name === name);
      if (!owner || taken.has(name)) continue;
      const expected = `of ${name} to have the shape of its slots, [${shape}]`;
      const wayOut = 'load the state of this model, or take a new optimizer';
      check(false, this.caller, 'gradients', expected, owner.shape, wayOut);
    }
  }

  private warnOfNewStart(names: string[]): void {
    const left = [...this.waiting.keys()].join(', ');
    console.warn(
      `${this.caller}: nothing in the loaded state belongs to ${names.join(', ')}, whose slots start anew` +
        (left && `; no variable yet for the slots of ${left}`),
    );
  }
}

function shapeOf(slots: Slots): number[] {
  const [first] = slots.values();
  return first.variable.shape;
}
