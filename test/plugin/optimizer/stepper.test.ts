import * as tf from '@tensorflow/tfjs-core';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {Stepper, type SteppingOptions} from '../../../plugin/optimizer/stepper.js';
import {schedules} from '../../../src/index.js';
import {expectNoLeak, expectRefusal} from '../../support/expect_no_leak.js';
import {bitsOf, copied, gradientsAt, named, STOCK} from './stock.js';

const variables = [named('stepper/a'), named('stepper/b', [3])];
const start = variables.map(v => v.dataSync().slice());
const stepperOf = (options: SteppingOptions = {}, inner: tf.Optimizer = tf.train.sgd(1)) =>
  new Stepper('f', inner, options, 7);

/** Takes a step with the gradients of this step, and frees them. */
function take(stepper: Stepper, step: number, names?: string[]): void {
  const gradients = gradientsAt(step, variables);
  stepper.take(gradients, names);
  tf.dispose(gradients);
}

const values = () => variables.map(bitsOf);

afterEach(() => {
  vi.restoreAllMocks();
  variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(start[i], v.shape))));
});

describe('a stepper', () => {
  it.each(Object.entries(STOCK))(
    'without options takes the steps of its optimizer, bit for bit (%s)',
    (_, make) => {
      const run = (step: (i: number) => void) => {
        for (let i = 0; i < 3; i++) step(i);
        return values();
      };
      const [stepper, bare] = [stepperOf({}, make()), make()];
      const ours = run(i => take(stepper, i));
      variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(start[i], v.shape))));
      const theirs = run(i => {
        const gradients = gradientsAt(i, variables);
        bare.applyGradients(gradients);
        tf.dispose(gradients);
      });
      expect(ours).toEqual(theirs);
      stepper.dispose();
    },
  );

  it('leaves no tensor behind in a step, with accumulation and clipping too', () => {
    const stepper = stepperOf({accumulationSteps: 2, globalClipNorm: 1}, tf.train.adam(0.1));
    for (let i = 0; i < 2; i++) take(stepper, i);
    expectNoLeak(() => {
      for (let i = 0; i < 4; i++) take(stepper, i);
    });
    stepper.dispose();
  });

  it('has the learning rate of its options, or else of its optimizer; none where that has none', () => {
    expect(stepperOf({}, tf.train.sgd(0.3)).learningRate).toBe(0.3);
    expect(stepperOf({learningRate: 0.2}).learningRate).toBe(0.2);
    const schedule = schedules.delay({steps: 1, before: 0.5, then: 0.25});
    const stepper = stepperOf({learningRate: schedule});
    const rates = [0, 1].map(i => (take(stepper, i), stepper.learningRate));
    expect(rates).toEqual([0.25, 0.25]);
    // Minus 0.5 of the first gradients and 0.25 of the second.
    const [first, second] = [0, 1].map(i => gradientsAt(i, variables)[0].tensor.dataSync());
    variables[0].dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(start[0][i] - 0.5 * first[i] - 0.25 * second[i], 5);
    });
    class Still extends tf.Optimizer {
      applyGradients(): void {}
      getConfig() {
        return {};
      }
    }
    expect(stepperOf({}, new Still()).learningRate).toBeUndefined();
  });

  it('refuses a learning rate for an optimizer that has none, and where a schedule decides it', async () => {
    const inner = new (class extends tf.Optimizer {
      applyGradients(): void {}
      getConfig() {
        return {};
      }
    })();
    await expectRefusal(() => stepperOf({learningRate: 1}, inner), 'optimizer', 'learningRate');
    const stepper = stepperOf({learningRate: schedules.delay({steps: 1, then: 1})});
    await expectRefusal(() => stepper.setLearningRate(1), 'learningRate', 'f', 'schedule');
  });

  it('drops what was gathered of variables that the step is not for, and says so', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const stepper = stepperOf({accumulationSteps: 2}, tf.train.momentum(0.1, 0.9));
    const before = values();
    take(stepper, 0);
    const count = tf.memory().numTensors;
    const gradients = gradientsAt(1, [variables[0], null]);
    stepper.take(gradients, ['stepper/a']);
    tf.dispose(gradients);
    // A slot more, for a, and the sums of both are gone.
    expect(tf.memory().numTensors - count).toBe(1 - 2);
    expect(bitsOf(variables[0])).not.toEqual(before[0]);
    expect(bitsOf(variables[1])).toEqual(before[1]);
    expect(warn.mock.calls.join()).toContain('f: the gathered gradients of stepper/b are dropped');
    stepper.dispose();
  });

  it('goes on from its weights, bit for bit, in the middle of a step', async () => {
    const options: SteppingOptions = {accumulationSteps: 3, clipValue: 0.7};
    const stepper = stepperOf(options, tf.train.adam(0.1));
    for (let i = 0; i < 4; i++) take(stepper, i);
    stepper.stream.steps = 4;
    const saved = copied(await stepper.getWeights());
    const other = new Stepper('f', tf.train.adam(0.1), options, 1);
    await other.setWeights(saved);
    expect(other.stream).toMatchObject({seed: 7, steps: 4});
    const middle = variables.map(v => v.dataSync().slice());
    const ends = [stepper, other].map(each => {
      variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(middle[i], v.shape))));
      for (let i = 4; i < 9; i++) take(each, i);
      return values();
    });
    expect(ends[1]).toEqual(ends[0]);
    expect(other.inner.iterations).toBe(3);
    tf.dispose(saved);
    for (const each of [stepper, other]) each.dispose();
  });

  it('knows its own weights from those of a layer that is called alike', async () => {
    const v = named('largeMargin/kernel');
    const steppers = [1, 2].map(() => stepperOf({accumulationSteps: 2}, tf.train.momentum(0.1, 0.9)));
    for (let i = 0; i < 3; i++) {
      const gradients = gradientsAt(i, [v]);
      steppers[0].take(gradients);
      tf.dispose(gradients);
    }
    const saved = copied(await steppers[0].getWeights());
    expect(saved.map(({name}) => name)).toContain('largeMargin/kernel/accumulations');
    await steppers[1].setWeights(saved);
    const again = await steppers[1].getWeights();
    expect(again.map(({name, tensor}) => [name, bitsOf(tensor)]).sort()).toEqual(
      saved.map(({name, tensor}) => [name, bitsOf(tensor)]).sort(),
    );
    for (const each of steppers) each.dispose();
    tf.dispose([v, saved]);
  });

  it('keeps what it has where weights are refused', async () => {
    const stepper = stepperOf({accumulationSteps: 3}, tf.train.adam(0.1));
    for (let i = 0; i < 4; i++) take(stepper, i);
    const saved = copied(await stepper.getWeights());
    const broken = saved.filter(({name}) => name !== 'accBeta1');
    await expectRefusal(() => stepper.setWeights(broken), 'weights', 'accBeta1');
    expect((await stepper.getWeights()).map(({tensor}) => bitsOf(tensor))).toEqual(
      saved.map(({tensor}) => bitsOf(tensor)),
    );
    tf.dispose(saved);
    stepper.dispose();
  });
});
