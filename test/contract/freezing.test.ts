import * as tf from '@tensorflow/tfjs-core';
import {afterAll, describe, expect, it} from 'vitest';
import {captureOptimizer} from '../../plugin/optimizer/capture.js';
import {NamedSlots} from '../../plugin/optimizer/named_slots.js';
import {bitsOf, copied, named, STOCK, WITH_SLOTS} from '../plugin/optimizer/stock.js';
import {expectNoLeakAsync} from '../support/expect_no_leak.js';
import {disposeWhole} from '../support/optimizer_runs.js';
import {randomTensor} from '../support/randoms.js';

// What a step must be whatever happens to the list of variables: each variable goes its own way, as if an optimizer of
// tfjs had it alone. Beside it what tfjs's optimizers do themselves, with slots by position.

const STEPS = 12;
const NAMES = ['conv', 'hidden', 'still', 'scores'] as const;
type Name = (typeof NAMES)[number];

/** Its gradient is always 0: it moves by other variables' slots only. */
const STILL: Name = 'still';

interface Event {
  event: string;
  /** The variables with a gradient at a step, in the order in which they are given. */
  at: (step: number) => Name[];
  /** Before this step all is saved and loaded, into variables with other names. */
  reloadAt?: number;
}

const without = (name: Name) => NAMES.filter(other => other !== name);
const EVENTS: Event[] = [
  {event: 'margin off in steps 3-5', at: step => (step >= 3 && step <= 5 ? without('hidden') : [...NAMES])},
  {event: 'frozen from step 5 on', at: step => (step < 5 ? [...NAMES] : without('conv'))},
  {
    event: 'frozen at 5, unfrozen at 8',
    at: step => (step >= 5 && step < 8 ? without('conv') : [...NAMES]),
  },
  {event: 'a variable more from step 4 on', at: step => (step < 4 ? without('conv') : [...NAMES])},
  {event: 'reordered at step 6', at: step => (step < 6 ? [...NAMES] : [...NAMES].reverse())},
  {
    event: 'loaded at step 6, renamed and reordered',
    at: step => (step < 6 ? [...NAMES] : [...NAMES].reverse()),
    reloadAt: 6,
  },
];

/** What takes the steps: an optimizer, or one for each variable. */
interface Stepper {
  step: (gradients: Array<{name: string; tensor: tf.Tensor}>, all: tf.Variable[]) => void;
  /** Saves everything and goes on with what a new optimizer makes of it. */
  reload: () => Promise<void>;
  /** What is kept for each variable, by `<variable>/<field>`; the names are those of the last step, in its order. */
  slots: (names: Name[]) => Promise<Slots>;
  dispose: () => void;
}

type Slots = Map<string, number[]>;

function bySlotNames(make: () => tf.Optimizer): Stepper {
  let slots = new NamedSlots(make());
  return {
    step: gradients => slots.apply(gradients),
    reload: async () => {
      const saved = copied(await slots.getWeights());
      slots.dispose();
      slots = new NamedSlots(make());
      await slots.setWeights(saved);
      tf.dispose(saved);
    },
    slots: async () => {
      const weights = (await slots.getWeights()).filter(({name}) => name.includes('/'));
      // freezing/conv_1/accumulations
      const keyOf = (name: string) => name.replace(/^freezing\//, '').replace(/_1(?=\/)/, '');
      return new Map(weights.map(({name, tensor}) => [keyOf(name), bitsOf(tensor)]));
    },
    dispose: () => slots.dispose(),
  };
}

function byPosition(make: () => tf.Optimizer): Stepper {
  let optimizer = make();
  return {
    // As minimize gives them: variables off the path are not there.
    step: gradients =>
      optimizer.applyGradients(Object.fromEntries(gradients.map(({name, tensor}) => [name, tensor]))),
    reload: async () => {
      const old = optimizer;
      optimizer = make();
      try {
        const saved = await old.getWeights();
        const copies = copied(saved);
        saved[0].tensor.dispose();
        await optimizer.setWeights(copies).finally(() => tf.dispose(copies));
      } finally {
        disposeWhole(old);
      }
    },
    slots: async names => slotsByPosition(optimizer, names),
    dispose: () => disposeWhole(optimizer),
  };
}

/** The oracle: an optimizer for each variable. Where it has no gradient, the clock that all share goes on. */
function oneForEach(make: () => tf.Optimizer): Stepper {
  const own = NAMES.map(() => make());
  return {
    step: (gradients, all) =>
      all.forEach(({name}, i) => {
        const tensor = gradients.find(gradient => gradient.name === name)?.tensor ?? null;
        own[i].applyGradients([{name, tensor}] as never);
      }),
    reload: async () => {},
    slots: async () => new Map(own.flatMap((optimizer, i) => [...slotsByPosition(optimizer, [NAMES[i]])])),
    dispose: () => own.forEach(disposeWhole),
  };
}

function slotsByPosition(optimizer: tf.Optimizer, names: readonly Name[]): Slots {
  const state = captureOptimizer(optimizer);
  const slots = state
    .map(({name, tensor}) => ({parts: name.split('/'), bits: bitsOf(tensor)}))
    .filter(({parts}) => parts.length > 1)
    .map(({parts: [field, place], bits}) => [`${names[Number(place)]}/${field}`, bits] as const);
  tf.dispose(state);
  return new Map(slots);
}

interface Run {
  values: number[][];
  slots: Slots;
  /** The furthest that any variable moved in a step without a gradient of its own. */
  movedWithout: number;
  stillMoved: number;
}

/** All steps of an event; gradients depend on the step and the variable only. */
async function run({at, reloadAt}: Event, stepper: Stepper): Promise<Run> {
  let ending = '';
  const make = () =>
    NAMES.map(name => {
      const values = randomTensor([2, 2], NAMES.indexOf(name) + 1);
      const v = tf.variable(values, true, `freezing/${name}${ending}`);
      values.dispose();
      return v;
    });
  let variables = make();
  let movedWithout = 0;
  const start = variables[NAMES.indexOf(STILL)].dataSync().slice();
  try {
    for (let step = 0; step < STEPS; step++) {
      if (step === reloadAt) {
        await stepper.reload();
        ending = '_1';
        const loaded = make();
        loaded.forEach((v, i) => v.assign(variables[i]));
        tf.dispose(variables);
        variables = loaded;
      }
      const names = at(step);
      const before = variables.map(v => v.dataSync().slice());
      const gradients = names.map(name => ({
        name: `freezing/${name}${ending}`,
        tensor: randomTensor([2, 2], 100 * step + NAMES.indexOf(name), name === STILL ? 0 : 1),
      }));
      try {
        stepper.step(gradients, variables);
      } finally {
        tf.dispose(gradients);
      }
      variables.forEach((v, i) => {
        if (!names.includes(NAMES[i]))
          movedWithout = Math.max(movedWithout, distance(v.dataSync(), before[i]));
      });
    }
    const values = variables.map(v => Array.from(v.dataSync()));
    const slots = await stepper.slots(at(STEPS - 1));
    return {values, slots, movedWithout, stillMoved: distance(values[NAMES.indexOf(STILL)], start)};
  } finally {
    stepper.dispose();
    tf.dispose(variables);
  }
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

const furthest = (a: Run, b: Run) => Math.max(...a.values.map((values, i) => distance(values, b.values[i])));
/** How many slots are not those that the variable would have alone. */
const mixed = (a: Run, b: Run) =>
  [...b.slots].filter(([key, bits]) => String(a.slots.get(key)) !== String(bits)).length;
const table: Array<Record<string, string | number>> = [];
afterAll(() => console.table(table));

describe.each(EVENTS)('$event', event => {
  it.each(Object.entries(STOCK))('leaves every variable on its own way under %s', async (optimizer, make) => {
    const [ours, alone] = await expectNoLeakAsync(async () => [
      await run(event, bySlotNames(make)),
      await run(event, oneForEach(make)),
    ]);
    const plain = await run(event, byPosition(make)).catch((error: Error) => error.message);
    const isThrown = typeof plain === 'string';
    const off = furthest(ours, alone);
    table.push({
      event: event.event,
      optimizer,
      'frozen moved': ours.movedWithout,
      'zero gradient moved': ours.stillMoved,
      'off its way': off,
      'slots mixed': mixed(ours, alone),
      'tfjs: zero gradient moved': isThrown ? 'throws' : plain.stillMoved,
      'tfjs: off its way': isThrown ? 'throws' : furthest(plain, alone),
      'tfjs: slots mixed': isThrown ? 'throws' : mixed(plain, alone),
    });
    expect(ours.movedWithout).toBe(0);
    expect(ours.stillMoved).toBe(0);
    expect(off).toBe(0);
    expect(mixed(ours, alone)).toBe(0);
    // The control: by position every optimizer that keeps slots mixes them, or throws. Adadelta's do not show in the
    // values: in tfjs the two that it divides are always the same.
    if (optimizer === 'sgd' || isThrown) return;
    expect(mixed(plain, alone)).toBeGreaterThan(0);
    if (optimizer !== 'adadelta') expect(furthest(plain, alone)).toBeGreaterThan(1e-6);
  });
});

describe('the control', () => {
  it('throws where variables have different shapes', () => {
    const [a, b] = [named('freezing/a'), named('freezing/b', [3])];
    for (const [, make] of WITH_SLOTS) {
      const optimizer = make();
      const gradients = [a, b].map(({name, shape}) => ({name, tensor: tf.ones(shape)}));
      optimizer.applyGradients(gradients);
      expect(() => optimizer.applyGradients(gradients.slice(1))).toThrow();
      tf.dispose(gradients);
      disposeWhole(optimizer);
    }
    tf.dispose([a, b]);
  });
});
