import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
  LargeMarginModel,
  marginDistribution,
  robustnessReport,
  suspectLabels,
  toClassifier,
  type RobustnessReport,
} from '../../plugin/index.js';
import {expectClose} from '../support/expect_close.js';
import {expectNoLeakAsync} from '../support/expect_no_leak.js';
import {randoms} from '../support/randoms.js';
import {convNet} from '../support/tiny_models.js';
import {expectAllRunOn} from '../support/wasm_calls.js';
import {startWasmOn} from '../support/wasm_engine.js';

const SIZE = 40;
const SHAPE = [SIZE, 6, 6, 2];

/** What evaluations say of a small convnet with margins, on the backend that is. */
async function evaluations() {
  const model = new LargeMarginModel(convNet(), {gamma: 0.1, layers: ['input', 'conv1']});
  const values = randoms(SIZE * 72, 1).map(value => 0.5 + 0.4 * Math.sin(9 * value));
  const x = tf.tensor(values, SHAPE);
  const found = tf.tidy(() => tf.argMax(model.predict(x) as tf.Tensor, 1).dataSync());
  // Every fifth label is wrong.
  const labels = Int32Array.from(found, (label, i) => (i % 5 === 4 ? (label + 1) % 3 : label));
  try {
    return await expectNoLeakAsync(async () => {
      const digits = tf.tensor1d(labels, 'int32');
      const options = {epsilons: [0.02, 0.1], sigmas: [0.1], minimum: ['deepFool' as const]};
      const report = await robustnessReport(toClassifier(model), x, labels, options);
      const margins = await marginDistribution(model, x, digits, {trueDistance: {examples: 10}});
      const suspects = await suspectLabels(model, x, digits, {
        planted: [...labels].map((_, i) => i % 5 === 4),
      });
      digits.dispose();
      return {report, margins, suspects};
    });
  } finally {
    x.dispose();
    model.dispose();
  }
}

/** All numbers of plain data, in order. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(numbersIn) : [];
}

describe('evaluations on wasm', () => {
  let [ours, onCpu]: Array<Awaited<ReturnType<typeof evaluations>>> = [];
  beforeAll(async () => {
    await tf.setBackend('cpu');
    onCpu = await evaluations();
    await startWasmOn('simd');
    ours = await evaluations();
  }, 120_000);
  afterAll(() => expectAllRunOn('simd'));

  const figures = ({clean, attacks, noise, minimum, worstCase}: RobustnessReport) =>
    [clean, ...attacks, ...noise, ...minimum, ...worstCase].map(({id, success, broken, reasons}) => ({
      ...{id, success, broken, reasons},
    }));

  it('say of every example, at every figure, what they say on cpu', () => {
    expect(figures(ours.report)).toEqual(figures(onCpu.report));
    expect(ours.report.flags).toEqual(onCpu.report.flags);
    const broken = ours.report.attacks.filter(({accuracy}) => accuracy < ours.report.clean.accuracy);
    expect(broken.length).toBeGreaterThan(0);
  });

  it('find the same distances, linear and true', () => {
    const [found, wanted] = [ours, onCpu].map(({margins}) => numbersIn(margins));
    expect(found.length).toBeGreaterThan(100);
    // Infinity where no boundary was found.
    const odd = (values: number[]) => values.map(value => (Number.isFinite(value) ? 0 : value));
    expect(odd(found)).toEqual(odd(wanted));
    expectClose(found.filter(Number.isFinite), wanted.filter(Number.isFinite), 1e-4);
  });

  it('suspect the same labels', () => {
    expect(ours.suspects.places).toEqual(onCpu.suspects.places);
    expect(ours.suspects.precision!.caught).toBeGreaterThan(0);
  });
});
