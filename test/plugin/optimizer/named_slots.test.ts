import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {disableNativeKernels, enableNativeKernels} from '../../../plugin/kernels/node/index.js';
import {NamedSlots} from '../../../plugin/optimizer/named_slots.js';
import {expectNoLeakAsync, expectRefusal} from '../../support/expect_no_leak.js';
import {disposeWhole} from '../../support/optimizer_runs.js';
import {bitsOf, copied, gradientsAt, named, stepBy, STOCK} from './stock.js';

/** Runs f with an optimizer's slots and with variables, which are freed afterwards. */
async function withSlots<T>(
  make: () => tf.Optimizer,
  names: string[],
  f: (slots: NamedSlots, variables: tf.Variable[]) => Promise<T> | T,
): Promise<T> {
  const slots = new NamedSlots(make());
  const variables = names.map(name => named(name));
  try {
    return await f(slots, variables);
  } finally {
    slots.dispose();
    tf.dispose(variables);
  }
}

/** The saved state in a form that can be compared bit by bit. */
async function stateOf(slots: NamedSlots): Promise<Record<string, number[]>> {
  return Object.fromEntries((await slots.getWeights()).map(({name, tensor}) => [name, bitsOf(tensor)]));
}

describe.each(Object.entries(STOCK))('the named slots of %s', (_, make) => {
  it('step as tfjs does, bit for bit, while all variables take part', async () => {
    await expectNoLeakAsync(async () => {
      const run = async (withNames: boolean) => {
        const variables = [named('as_tfjs/a'), named('as_tfjs/b', [3])];
        const optimizer = withNames ? new NamedSlots(make()) : make();
        for (let step = 0; step < 20; step++) stepBy(optimizer, step, variables);
        const bits = variables.map(bitsOf);
        tf.dispose(variables);
        if (optimizer instanceof NamedSlots) optimizer.dispose();
        else disposeWhole(optimizer);
        return bits;
      };
      expect(await run(true)).toEqual(await run(false));
    });
  });

  it('leave a variable without a gradient, and its slots, exactly where they are', () =>
    expectNoLeakAsync(() =>
      withSlots(make, ['still/a', 'still/b', 'still/c'], async (slots, [a, b, c]) => {
        for (let step = 0; step < 3; step++) stepBy(slots, step, [a, b, c]);
        const [before, state] = [bitsOf(a), await stateOf(slots)];
        stepBy(slots, 3, [null, b, c]);
        const last = gradientsAt(4, [null, null, c]);
        slots.apply([{name: a.name, tensor: null}, {name: b.name}, ...last]);
        tf.dispose(last);
        const after = await stateOf(slots);
        expect(bitsOf(a)).toEqual(before);
        for (const name of Object.keys(state).filter(name => name.startsWith('still/a'))) {
          expect(after[name]).toEqual(state[name]);
        }
        expect(bitsOf(c)).not.toEqual(before);
      }),
    ));

  it('go on after saving and loading as if they had never stopped, bit for bit, for 200 steps', () =>
    expectNoLeakAsync(async () => {
      const run = async (stop?: number) => {
        const variables = [named('resumed/a'), named('resumed/b', [3])];
        let slots = new NamedSlots(make());
        for (let step = 0; step < 200; step++) {
          if (step === stop) {
            const saved = copied(await slots.getWeights());
            slots.dispose();
            slots = new NamedSlots(make());
            await slots.setWeights(saved);
            tf.dispose(saved.map(({tensor}) => tensor));
          }
          stepBy(slots, step, step % 3 === 1 ? [variables[0], null] : variables);
        }
        const bits = [...variables.map(bitsOf), await stateOf(slots)];
        slots.dispose();
        tf.dispose(variables);
        return bits;
      };
      expect(await run(100)).toEqual(await run());
    }));

  it('save what was loaded before any step', () =>
    expectNoLeakAsync(() =>
      withSlots(make, ['saved_again/a', 'saved_again/b'], async (slots, variables) => {
        for (let step = 0; step < 3; step++) stepBy(slots, step, variables);
        const saved = copied(await slots.getWeights());
        const other = new NamedSlots(make());
        await other.setWeights(saved);
        expect(await stateOf(other)).toEqual(await stateOf(slots));
        other.dispose();
        tf.dispose(saved.map(({tensor}) => tensor));
      }),
    ));

  it('can be given their own state', () =>
    expectNoLeakAsync(() =>
      withSlots(make, ['own/a'], async (slots, variables) => {
        await withSlots(make, ['own/b'], async (twin, others) => {
          others[0].assign(variables[0]);
          stepBy(twin, 0, others);
          stepBy(slots, 0, variables);
          const state = await stateOf(slots);
          await slots.setWeights(await slots.getWeights());
          expect(await stateOf(slots)).toEqual(state);
          stepBy(twin, 1, others);
          stepBy(slots, 1, variables);
          expect(bitsOf(others[0])).toEqual(bitsOf(variables[0]));
        });
      }),
    ));

  it('leave nothing behind when they are disposed of, twice', () => {
    const before = tf.memory().numTensors;
    const slots = new NamedSlots(make());
    const v = named('disposed/v');
    stepBy(slots, 0, [v]);
    // Somebody else's view of the same values survives.
    const held = tf.clone(v);
    slots.dispose();
    slots.dispose();
    expect(held.dataSync().length).toBe(4);
    tf.dispose([v, held]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('slots by name', () => {
  it('are saved under names that are unlike each other, the count of steps first', () =>
    withSlots(STOCK.adam, ['names/a', 'names/b'], async (slots, variables) => {
      stepBy(slots, 0, variables);
      const weights = await slots.getWeights();
      expect(weights.map(({name}) => name)).toEqual([
        ...['iter', 'accBeta1', 'accBeta2'],
        ...['names/a/accumulatedFirstMoment', 'names/a/accumulatedSecondMoment'],
        ...['names/b/accumulatedFirstMoment', 'names/b/accumulatedSecondMoment'],
      ]);
      expect([weights[0].tensor.dtype, weights[0].tensor.dataSync()[0]]).toEqual(['int32', 1]);
      // Saving again makes no second tensor.
      const before = tf.memory().numTensors;
      await slots.getWeights();
      expect(tf.memory().numTensors).toBe(before);
    }));

  it('are dropped with their variable: a later one of the same name starts anew', () =>
    withSlots(STOCK.momentum, ['dropped/a', 'dropped/b'], async (slots, [a, b]) => {
      stepBy(slots, 0, [a, b]);
      a.dispose();
      const again = named('dropped/a', [5]);
      stepBy(slots, 1, [again, b]);
      // The first step of momentum: the accumulation is the gradient.
      const [gradient] = gradientsAt(1, [again]);
      expect((await stateOf(slots))['dropped/a/accumulations']).toEqual(bitsOf(gradient.tensor));
      again.dispose();
      stepBy(slots, 2, [null, b]);
      expect(Object.keys(await stateOf(slots))).toEqual(['iter', 'dropped/b/accumulations']);
      gradient.tensor.dispose();
    }));

  it('take over what an optimizer has already', () =>
    expectNoLeakAsync(async () => {
      const variables = [named('taken_over/a'), named('taken_over/b')];
      const inner = STOCK.momentum();
      stepBy(inner, 0, variables);
      const slots = new NamedSlots(inner);
      stepBy(slots, 1, [null, variables[1]]);
      const [first, gradient] = gradientsAt(0, variables).map(({tensor}) => tensor);
      const [next] = gradientsAt(1, [null, variables[1]]).map(({tensor}) => tensor);
      // accumulation = 0.9 x the first gradient + the second
      const expected = tf.tidy(() => bitsOf(tf.add(tf.mul(tf.scalar(0.9), gradient), next)));
      expect((await stateOf(slots))['taken_over/b/accumulations']).toEqual(expected);
      tf.dispose([first, gradient, next, ...variables]);
      slots.dispose();
    }));

  it('stay with their variables under the faster kernels of the native engine', async () => {
    const run = () =>
      withSlots(STOCK.adam, ['faster/a', 'faster/b'], async (slots, [a, b]) => {
        stepBy(slots, 0, [a, b]);
        stepBy(slots, 1, [null, b]);
        stepBy(slots, 2, [b, a]);
        const first = (await slots.getWeights()).find(
          ({name}) => name === 'faster/b/accumulatedFirstMoment',
        )!;
        return Array.from(first.tensor.dataSync());
      });
    const stock = await run();
    enableNativeKernels({scope: 'everywhere'});
    const faster = await run().finally(disableNativeKernels);
    expect(
      faster.map((value, i) => Math.abs(value - stock[i])).reduce((a, b) => Math.max(a, b)),
    ).toBeLessThan(1e-6);
  });

  it('refuse gradients of no variable, of another shape and of one variable twice, before anything moves', () =>
    withSlots(STOCK.adam, ['refused/a', 'refused/b'], async (slots, [a, b]) => {
      stepBy(slots, 0, [a, b]);
      const [before, state] = [bitsOf(b), await stateOf(slots)];
      const [good, other] = [tf.ones([2, 2]), tf.ones([2])];
      const refused = async (list: Array<{name: string; tensor: tf.Tensor}>, part: RegExp) =>
        expectRefusal(() => slots.apply([{name: b.name, tensor: good}, ...list]), 'gradients', part);
      await refused([{name: 'nobody', tensor: good}], /registered variables, got 'nobody'/);
      await refused([{name: a.name, tensor: other}], /shape \[2,2\], got \[2\]/);
      await refused([{name: b.name, tensor: good}], /each name once, got 'refused\/b'/);
      expect(bitsOf(b)).toEqual(before);
      expect(await stateOf(slots)).toEqual(state);
      tf.dispose([good, other]);
    }));

  it('are refused once disposed of', async () => {
    const slots = new NamedSlots(STOCK.sgd());
    slots.dispose();
    await expectRefusal(() => slots.apply([]), 'optimizer', /disposed of/);
    await expectRefusal(() => slots.getWeights(), 'optimizer', /disposed of/);
    await expectRefusal(() => slots.setWeights([]), 'optimizer', /disposed of/);
  });
});

/** An optimizer of somebody else, built like tfjs's: the mean of all gradients so far is what it goes by. */
class Averaging extends tf.Optimizer {
  static className = 'Averaging';
  readonly means: Array<{originalName: string; variable: tf.Variable}> = [];
  readonly log: string[] = [];

  applyGradients(gradients: Array<{name: string; tensor: tf.Tensor}>): void {
    gradients.forEach(({name, tensor}, i) => {
      this.means[i] ??= {
        originalName: `${name}/mean`,
        variable: tf.tidy(() => tf.variable(tf.zerosLike(tensor), false)),
      };
      tf.tidy(() => this.means[i].variable.assign(tf.add(tf.mul(this.means[i].variable, 0.5), tensor)));
      this.log.push(name);
    });
  }

  override dispose(): void {
    tf.dispose(this.means.map(({variable}) => variable));
  }

  getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

describe("somebody else's optimizer", () => {
  it('keeps its slots by name where it is built like those of tfjs', () =>
    expectNoLeakAsync(() =>
      withSlots(
        () => new Averaging() as never,
        ['other/a', 'other/b'],
        async (slots, [a, b]) => {
          stepBy(slots, 0, [a, b]);
          stepBy(slots, 1, [null, b]);
          stepBy(slots, 2, [a, null]);
          const gradients = [0, 2].map(step => gradientsAt(step, [a])[0].tensor);
          const expected = tf.tidy(() => bitsOf(tf.add(tf.mul(gradients[0], 0.5), gradients[1])));
          const state = await stateOf(slots);
          expect(state['other/a/means']).toEqual(expected);
          expect(Object.keys(state)).toEqual(['iter', 'other/a/means', 'other/b/means']);
          tf.dispose(gradients);
        },
      ),
    ));

  it('is handed every step as it comes where it is not', async () => {
    const seen: unknown[] = [];
    class Foreign extends tf.Optimizer {
      static className = 'Foreign';
      applyGradients(gradients: never): void {
        seen.push(gradients);
      }
      override async getWeights() {
        return [{name: 'own', tensor: v}];
      }
      override async setWeights(weights: never) {
        seen.push(weights);
      }
      getConfig(): tf.serialization.ConfigDict {
        return {};
      }
    }
    const v = named('foreign/v');
    const slots = new NamedSlots(new Foreign() as never);
    const list = [{name: v.name, tensor: null}];
    slots.apply(list);
    expect(seen).toEqual([list]);
    expect(await slots.getWeights()).toEqual([{name: 'own', tensor: v}]);
    const weights = [{name: 'own', tensor: v}];
    await slots.setWeights(weights);
    expect(seen[1]).toBe(weights);
    slots.dispose();
    v.dispose();
  });

  it('is refused where its slots are not one for each variable', () =>
    withSlots(
      () => new Averaging() as never,
      ['misplaced/a'],
      async (slots, [a]) => {
        const inner = slots.inner as unknown as Averaging;
        const gradients = gradientsAt(0, [a]);
        inner.applyGradients = () => {
          inner.means.push({originalName: 'all/mean', variable: named('misplaced/all')});
        };
        expect(() => slots.apply(gradients)).toThrow(/one slot for each variable.*all\/mean/);
        tf.dispose(gradients);
      },
    ));
});
