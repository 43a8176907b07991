import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {LayerSignature} from '../../../src/evaluation/signature.js';
import {fitGapPredictor, predictGap} from '../../../src/evaluation/signature_predictor.js';
import {worstRelative} from '../../support/expect_close.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {randoms} from '../../support/randoms.js';

/** A net with one layer and these five features. */
function net(features: number[], layer = 'input'): LayerSignature[] {
  const [lowerFence, q1, median, q3, upperFence] = features;
  return [{layer, margins: 10, lowerFence, q1, median, q3, upperFence}];
}

/** Nets of random positive features. */
function nets(count: number, seed = 1): LayerSignature[][] {
  const numbers = Array.from(randoms(5 * count, seed), Math.exp);
  return Array.from({length: count}, (_, i) => net(numbers.slice(5 * i, 5 * i + 5)));
}

const features = ([{lowerFence, q1, median, q3, upperFence}]: LayerSignature[]) => [
  lowerFence,
  q1,
  median,
  q3,
  upperFence,
];

/** 0.3 - 0.1 log median + 0.02 log q1: what the predictor is made to find. */
const logGap = (signature: LayerSignature[]) => {
  const [, q1, median] = features(signature);
  return 0.3 - 0.1 * Math.log(median) + 0.02 * Math.log(q1);
};

describe('fitGapPredictor', () => {
  it('finds a linear function of logarithms, and predicts nets that it has not seen', () => {
    const [known, unseen] = [nets(12), nets(5, 2)];
    const predictor = fitGapPredictor(known, known.map(logGap));
    const {intercept, coefficients, layers, isLogged, models, rank} = predictor;
    expect(worstRelative([intercept, ...coefficients], [0.3, 0, 0.02, -0.1, 0, 0], 0.1)).toBeLessThan(1e-12);
    expect({layers, isLogged, models, rank}).toEqual({
      ...{layers: ['input'], isLogged: new Array(5).fill(true), models: 12, rank: 5},
    });
    const {r2, adjustedR2, kFoldR2} = predictor;
    expect(worstRelative([r2, adjustedR2, kFoldR2], [1, 1, 1], 1)).toBeLessThan(1e-12);
    const predicted = unseen.map(signature => predictGap(predictor, signature));
    expect(worstRelative(predicted, unseen.map(logGap), 0.1)).toBeLessThan(1e-12);
  });

  it('takes no logarithm of a feature that is not positive in all nets, and of none where asked', () => {
    const list = nets(12);
    list[3] = net([-1, ...features(list[3]).slice(1)]);
    const gaps = list.map(signature => features(signature)[0] * 2 + 1);
    const mixed = fitGapPredictor(list, gaps);
    expect(mixed.isLogged).toEqual([false, true, true, true, true]);
    expect(worstRelative([mixed.intercept, mixed.coefficients[0]], [1, 2], 1)).toBeLessThan(1e-11);
    expect(fitGapPredictor(list, gaps, {transform: 'none'}).isLogged).toEqual(new Array(5).fill(false));
  });

  it('has the determination that its definition says', () => {
    // One feature that differs, x = 1..7, transform none; gaps 0, 0, 0, 1, 1, 1, 1.
    const list = [1, 2, 3, 4, 5, 6, 7].map(x => net([x, 1, 1, 1, 1]));
    const gaps = [0, 0, 0, 1, 1, 1, 1];
    // Sxx = 28, Sxy = sum (x - 4) y = 0 + 1 + 2 + 3 = 6, Syy = 4 x 3 / 7; r2 = Sxy^2 / (Sxx Syy) = 36 x 7 / (28 x 12) = 3/4.
    const predictor = fitGapPredictor(list, gaps, {transform: 'none', folds: 7});
    expect(predictor.rank).toBe(1);
    // 1 - (1/4)(6)/(5)
    expect(worstRelative([predictor.r2, predictor.adjustedR2], [0.75, 0.7], 1)).toBeLessThan(1e-14);
    // Left out one by one, the residual is e_i / (1 - h_i), h_i = 1/7 + (x_i - 4)^2 / 28 (Allen 1974).
    const slope = 6 / 28;
    const press = gaps.map((gap, i) => {
      const [x, mean] = [i + 1, 4 / 7];
      return (gap - mean - slope * (x - 4)) / (1 - 1 / 7 - (x - 4) ** 2 / 28);
    });
    const expected = 1 - press.reduce((sum, e) => sum + e * e, 0) / (12 / 7);
    expect(worstRelative([predictor.kFoldR2], [expected], 1)).toBeLessThan(1e-13);
  });

  it('does not take noise for a law: left-out nets are predicted no better than by the mean', () => {
    const list = nets(40);
    const {r2, adjustedR2, kFoldR2} = fitGapPredictor(list, Array.from(randoms(40, 9)));
    expect(r2).toBeGreaterThan(0);
    expect(adjustedR2).toBeLessThan(0.15);
    expect(kFoldR2).toBeLessThan(0.1);
  });

  it('says NaN where no freedom is left, instead of a perfect fit', () => {
    const list = nets(6);
    const {r2, adjustedR2, kFoldR2} = fitGapPredictor(list, Array.from(randoms(6, 3)));
    expect(worstRelative([r2], [1], 1)).toBeLessThan(1e-12);
    expect([adjustedR2, kFoldR2]).toEqual([NaN, NaN]);
  });

  it('gives plain data, whose predictions survive JSON', () => {
    const list = nets(9);
    const predictor = fitGapPredictor(list, Array.from(randoms(9, 4)));
    const copy = JSON.parse(JSON.stringify(predictor));
    expect(predictGap(copy, list[0])).toBe(predictGap(predictor, list[0]));
  });

  it('does not change with the units of the margins, but for the intercept', () => {
    const list = nets(15);
    const gaps = Array.from(randoms(15, 5));
    const plain = fitGapPredictor(list, gaps);
    fc.assert(
      fc.property(fc.double({min: 1e-3, max: 1e3, noNaN: true}), c => {
        const scaled = list.map(signature => net(features(signature).map(value => c * value)));
        const predictor = fitGapPredictor(scaled, gaps);
        expect(worstRelative(predictor.coefficients, plain.coefficients, 1)).toBeLessThan(1e-9);
        expect(worstRelative([predictor.kFoldR2], [plain.kFoldR2], 1)).toBeLessThan(1e-9);
      }),
    );
  });
});

describe('fitGapPredictor refuses', () => {
  const list = nets(8);
  const gaps = list.map(logGap);

  it('fewer nets than features + 1', async () => {
    await expectRefusal(
      () => fitGapPredictor(list.slice(0, 5), gaps.slice(0, 5)),
      'signatures',
      'at least 6 nets',
    );
  });

  it('what does not match: lengths, layers, empty lists', async () => {
    await expectRefusal(() => fitGapPredictor([], []), 'signatures', 'list of signatures');
    await expectRefusal(() => fitGapPredictor(list, gaps.slice(1)), 'gaps', 'to be 8');
    const two = [...list.slice(1), [...list[0], ...list[0]]];
    await expectRefusal(() => fitGapPredictor(two, gaps), 'signatures', '1 layers', 'net 7');
  });

  it('numbers that are not finite, by net and layer', async () => {
    const broken = [...list.slice(0, 7), net([1, 1, NaN, 1, 1], 'conv1')];
    await expectRefusal(() => fitGapPredictor(broken, gaps), 'signatures', 'conv1', 'net 7', 'NaN');
    await expectRefusal(() => fitGapPredictor(list, [...gaps.slice(1), NaN]), 'gaps', 'net 7');
  });

  it('options out of range', async () => {
    const wrong = (options: object) => () => fitGapPredictor(list, gaps, options);
    await expectRefusal(wrong({transform: 'sqrt'}), 'transform', "'log'");
    for (const folds of [1, 9, 2.5]) await expectRefusal(wrong({folds}), 'folds', '2..8');
    await expectRefusal(wrong({seed: 0.5}), 'seed', 'integer');
    await expectRefusal(wrong({fold: 3}), 'options', 'fold');
    await expectRefusal(() => fitGapPredictor(list, gaps, null as never), 'options', 'object');
  });
});

describe('predictGap refuses', () => {
  const list = nets(8);
  const predictor = fitGapPredictor(list, list.map(logGap));

  it('other layers, and numbers without a logarithm', async () => {
    await expectRefusal(() => predictGap(predictor, [...list[0], ...list[0]]), 'signature', '1 layers');
    await expectRefusal(() => predictGap(predictor, net([1, 0, 1, 1, 1])), 'signature', 'positive', 'input');
    await expectRefusal(() => predictGap(predictor, net([1, Infinity, 1, 1, 1])), 'signature', 'finite');
    await expectRefusal(() => predictGap({} as never, list[0]), 'predictor', 'fitGapPredictor');
  });
});
