import {mul, tensor2d, type Tensor2D} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {targetedDlr} from '../../../src/attacks/targeted_dlr.js';
import {expectClose} from '../../support/expect_close.js';
import {expectNoLeak} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';
import {labelsOf} from '../../support/tiny_models.js';

const BATCH = 20;
const CLASSES = 6;

function problem() {
  const values = randoms(BATCH * CLASSES, 1);
  const labels = labelsOf(
    Array.from({length: BATCH}, (_, i) => i % CLASSES),
    CLASSES,
  );
  const targets = labelsOf(
    Array.from({length: BATCH}, (_, i) => (i + 1 + (i % 5)) % CLASSES),
    CLASSES,
  );
  return {
    values,
    labels,
    targets,
    logitsOf: (z: ArrayLike<number>) => tensor2d(Float32Array.from(z), [BATCH, CLASSES]),
  };
}

describe('targetedDlr', () => {
  it('is the targeted margin in units of the spread', () => {
    // (3 - 5) / (5 - (2 + 0) / 2) = -1/2. Slope: (n - value s) / 4 with n = (-1, 1, 0, 0), s = (1, 0, -1/2, -1/2):
    // (-1 + 1/2, 1, -1/4, -1/4) / 4.
    const {values, slopes} = targetedDlr(tensor2d([[5, 3, 2, 0]]), labelsOf([0], 4), labelsOf([1], 4));
    expect(values.dataSync()[0]).toBe(-0.5);
    expect(Array.from(slopes.dataSync())).toEqual([-0.125, 0.25, -0.0625, -0.0625]);
  });

  it('has the slopes that finite differences find', () => {
    const {values: z, labels, targets, logitsOf} = problem();
    const {slopes} = targetedDlr(logitsOf(z), labels, targets);
    const step = 1e-3;
    for (let c = 0; c < CLASSES; c++) {
      const at = (shift: number) =>
        targetedDlr(
          logitsOf(z.map((value, i) => value + (i % CLASSES === c ? shift : 0))),
          labels,
          targets,
        ).values.dataSync();
      const [above, below] = [at(step), at(-step)];
      const found = Array.from(above, (value, i) => (value - below[i]) / (2 * step));
      const written = Array.from({length: BATCH}, (_, i) => slopes.dataSync()[i * CLASSES + c]);
      // float32 leaves 1e-7 / 1e-3 of a value near 1.
      expectClose(written, found, 2e-3);
    }
  });

  it('does not change with the scale of the logits; its slopes shrink with it', () => {
    const {values: z, labels, targets, logitsOf} = problem();
    const one = targetedDlr(logitsOf(z), labels, targets);
    const large = targetedDlr(mul(logitsOf(z), 1000) as Tensor2D, labels, targets);
    expectClose(large.values.dataSync(), one.values.dataSync(), 1e-5);
    expectClose(mul(large.slopes, 1000).dataSync(), one.slopes.dataSync(), 1e-5);
  });

  it('is finite where all logits are equal', () => {
    const {values, slopes} = targetedDlr(tensor2d([[1, 1, 1, 1]]), labelsOf([0], 4), labelsOf([1], 4));
    expect([...values.dataSync(), ...slopes.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('leaves no tensor behind', () => {
    const {values: z, labels, targets, logitsOf} = problem();
    const logits = logitsOf(z);
    expectNoLeak(() => targetedDlr(logits, labels, targets));
  });
});
