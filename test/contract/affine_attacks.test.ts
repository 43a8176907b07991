import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {afterAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import type {AttackNorm, AttackResult} from '../../src/attacks/attack_types.js';
import {deepFool} from '../../src/attacks/deepfool.js';
import {fab} from '../../src/attacks/fab.js';
import {pgd} from '../../src/attacks/pgd.js';
import type {Classifier} from '../../src/types.js';
import {worstRelative} from '../support/expect_close.js';
import {expectNoLeakAsync} from '../support/expect_no_leak.js';
import {planeDistance} from '../support/plane_distance.js';
import {randomTensor} from '../support/randoms.js';
import {labelsOf} from '../support/tiny_models.js';

// For an affine classifier the smallest perturbation is known in closed form: the distance to the nearest hyperplane,
//     min_k |f_k| / ||w_k||_q,   f_k = z_y - z_k, w_k = its gradient, 1/p + 1/q = 1,
// computed here in float64 from the same weights.

const EXAMPLES = 30;
const WIDE: [number, number] = [-50, 50];
const DUAL = {l1: 'linf', l2: 'l2', linf: 'l1'} as const;
const nets = [
  {classes: 2, inputs: 20},
  {classes: 5, inputs: 50},
].map(shape => affineNet(shape));
const norms = ['l1', 'l2', 'linf'] as const;

const worst: Record<string, number> = {};
afterAll(() => {
  const errors = Object.entries(worst).map(([what, error]) => `${what} ${error.toExponential(1)}`);
  console.log(`affine nets against the closed form, worst relative error: ${errors.join(', ')}`);
});

function judge(what: string, actual: ArrayLike<number>, expected: number[], bound: number, floor = 0): void {
  const error = worstRelative(actual, expected, floor);
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThanOrEqual(bound);
}

describe.each(nets)('an affine net, $inputs inputs, $classes classes', net => {
  const x = randomTensor<tf.Tensor2D>([EXAMPLES, net.inputs], 7);
  const planes = net.planesAround(x);
  const labels = planes.map(({label}) => label);

  describe.each(norms)('in %s', norm => {
    const expected = planes.map(({rivals}) =>
      Math.min(...rivals.map(rival => rival.gap / lengthOf(rival.slope, DUAL[norm]))),
    );
    const common = {norm, bounds: WIDE};

    it('fab finds the nearest hyperplane', async () => {
      const result = await expectNoLeakAsync(() => fab(net.classifier, x, labels, {...common, steps: 20}));
      judgeAttack(`fab ${norm}`, result, expected);
    });

    it('fab finds it one target at a time', async () => {
      const options = {...common, steps: 20, targets: net.classes - 1};
      const result = await expectNoLeakAsync(() => fab(net.classifier, x, labels, options));
      judgeAttack(`fab-t ${norm}`, result, expected);
    });

    if (norm !== 'l1') {
      it.each([0, 1e-4])('deepFool finds it with an overshoot of %f', async overshoot => {
        const options = {...common, overshoot};
        const result = await expectNoLeakAsync(() => deepFool(net.classifier, x, labels, options));
        judgeAttack(`deepFool ${norm}`, result, expected);
      });
    }

    it('the distance of a LargeMarginModel is the same', () => {
      const model = new LargeMarginModel(net.model, {
        norm,
        gamma: 1,
        layers: ['input'],
        topK: net.classes - 1,
        epsilon: 1e-9,
        scores: 'logits',
      });
      const y = labelsOf(labels, net.classes);
      const {input} = model.distances(x, y);
      const nearest = (input.arraySync() as number[][]).map(row => Math.min(...row));
      // Where a gap cancels to a tenth of the largest one, float32 has a digit less of it.
      judge(`distances ${norm}`, nearest, expected, 1e-5, Math.max(...expected) / 10);
      tf.dispose([y, input]);
    });

    it('pgd finds nothing at 0.99 of it and something at 1.01', async () => {
      for (const [i, distance] of expected.slice(0, 3).entries()) {
        const one = tf.slice(x, i, 1);
        const options = {
          ...common,
          epsilons: [0.99 * distance, 1.01 * distance],
          loss: 'logitMargin' as const,
          steps: 24,
          stepSize: distance / 3,
        };
        const {nearest} = planes[i];
        const untargeted = await pgd(net.classifier, one, [labels[i]], options);
        const targeted = await pgd(net.classifier, one, [nearest[norm]], {...options, targeted: true});
        expect([untargeted[0].success[0], targeted[0].success[0], targeted[1].success[0]]).toEqual([
          false,
          false,
          true,
        ]);
        tf.dispose([one, ...[...untargeted, ...targeted].map(({adversarial}) => adversarial)]);
      }
    });
  });
});

describe.each(nets)('inside narrow bounds, $inputs inputs, $classes classes', net => {
  // Most values have less room than the step in their direction asks for.
  const bounds: [number, number] = [0, 1];
  const x = tf.tidy(() => tf.sigmoid(randomTensor<tf.Tensor2D>([12, net.inputs], 9, 4)) as tf.Tensor2D);
  const planes = net.planesAround(x);
  const labels = planes.map(({label}) => label);

  it.each(norms)('fab finds the nearest point of all hyperplanes inside them, %s', async norm => {
    const rows = x.arraySync();
    const within = planes.map(({rivals}, i) =>
      Math.min(...rivals.map(({slope, gap}) => planeDistance(norm, rows[i], slope, gap, bounds))),
    );
    const result = await fab(net.classifier, x, labels, {norm, bounds});
    const free = planes.map(({rivals}) =>
      Math.min(...rivals.map(({gap, slope}) => gap / lengthOf(slope, DUAL[norm]))),
    );
    // Else the bounds would not matter here.
    expect(within.filter((distance, i) => distance > 1.01 * free[i]).length).toBeGreaterThan(3);
    judgeAttack(`fab ${norm} inside bounds`, result, within);
  });
});

function judgeAttack(what: string, {success, distance, adversarial}: AttackResult, expected: number[]): void {
  adversarial.dispose();
  expect(success.every(Boolean), what).toBe(true);
  judge(what, distance, expected, 1e-3);
}

interface Plane {
  rival: number;
  gap: number;
  slope: number[];
}

function affineNet({classes, inputs}: {classes: number; inputs: number}) {
  const kernel = randomTensor<tf.Tensor2D>([inputs, classes], inputs);
  const bias = randomTensor<tf.Tensor1D>([classes], classes);
  const model = sequential({layers: [layers.dense({units: classes, inputShape: [inputs]})]});
  model.setWeights([kernel, bias]);
  const classifier: Classifier = x => tf.tidy(() => tf.add(tf.matMul(x as tf.Tensor2D, kernel), bias));
  const [w, b] = [kernel.arraySync(), bias.arraySync()];
  const planesAround = (x: tf.Tensor2D) =>
    x.arraySync().map(row => {
      const logits = b.map((value, k) => row.reduce((total, v, j) => total + v * w[j][k], value));
      const label = logits.indexOf(Math.max(...logits));
      const rivals = logits.map((z, rival): Plane => {
        return {rival, gap: logits[label] - z, slope: w.map(weights => weights[label] - weights[rival])};
      });
      rivals.splice(label, 1);
      const nearestIn = (norm: AttackNorm) => {
        const distances = rivals.map(({gap, slope}) => gap / lengthOf(slope, DUAL[norm]));
        return rivals[distances.indexOf(Math.min(...distances))].rival;
      };
      const nearest = {l1: nearestIn('l1'), l2: nearestIn('l2'), linf: nearestIn('linf')};
      return {label, rivals, nearest};
    });
  return {classes, inputs, model, classifier, planesAround};
}

function lengthOf(values: number[], norm: AttackNorm): number {
  if (norm === 'linf') return Math.max(...values.map(Math.abs));
  const power = norm === 'l1' ? 1 : 2;
  return values.reduce((total, value) => total + Math.abs(value) ** power, 0) ** (1 / power);
}
