import {dispose, type Tensor1D, type Tensor4D} from '@tensorflow/tfjs-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {square} from '../../src/attacks/square.js';
import {flagChecks, type FlagId} from '../../src/evaluation/flags.js';
import {robustnessReport} from '../../src/evaluation/robustness_report.js';
import type {RobustnessReportOptions} from '../../src/evaluation/report_options.js';
import {firstPictures} from '../reference/attacks/mnist.js';
import {expectNoLeakAsync} from '../support/expect_no_leak.js';
import {netOf, soundNet, spoil, type Defect, type Net, type SoundNet} from '../support/planted_nets.js';

/** The default attacks but for the number of queries: the machine that tests is slow. */
const options: RobustnessReportOptions = {
  epsilons: [0.1, 0.2],
  sigmas: [0.1],
  attacks: [
    ...(['fgsm', 'ifgsm', 'pgd-ce', 'pgd-margin', 'apgd-ce', 'apgd-dlr'] as const),
    {name: 'square', attack: square, kind: 'blackBox', options: {queries: 400}},
  ],
};

/** What each defect has to be flagged as, at which figures, and what is left of the worst case at 0.2, at most. */
const expected: Record<Defect, {flag: FlagId; figures: string[]; worstCase: number}> = {
  // The gradient of the cross-entropy underflows; margin and DLR attack as if nothing had happened.
  'last layer x 1000': {
    flag: 'zeroGradients',
    figures: ['fgsm@0.2', 'ifgsm@0.2', 'pgd-ce@0.2', 'apgd-ce@0.2'],
    worstCase: 0.05,
  },
  'softmax output': {flag: 'probabilities', figures: ['white box'], worstCase: 0.05},
  'zero gradient': {flag: 'zeroGradients', figures: ['pgd-margin@0.2', 'apgd-dlr@0.2'], worstCase: 0.05},
  'NaN layer': {flag: 'nonFiniteLogits', figures: ['clean', 'square@0.2'], worstCase: 0},
  '8-level input': {flag: 'zeroGradients', figures: ['pgd-margin@0.2', 'apgd-dlr@0.2'], worstCase: 0.1},
  'random noise layer': {flag: 'randomOutput', figures: ['all'], worstCase: 0.05},
  // The documented one: no change below 0.5 reaches across the threshold of a black or white pixel, so that what
  // stands does so for good; what is wrong is its gradient.
  'sign layer': {flag: 'falseGradients', figures: ['white box'], worstCase: 1},
};

let cases: {x: Tensor4D; labels: Tensor1D};
const nets = {} as Record<SoundNet, Net>;

beforeAll(async () => {
  cases = firstPictures('t10k', 50);
  for (const kind of ['cross-entropy', 'large margin', 'wide, with noise'] as const) {
    nets[kind] = netOf(await soundNet(kind));
  }
}, 300_000);

afterAll(() => dispose([cases.x, cases.labels]));

describe('a broken model is caught', () => {
  it.each(Object.keys(expected) as Defect[])(
    '%s',
    async defect => {
      const {flag, figures, worstCase} = expected[defect];
      const classifier = spoil(nets['cross-entropy'], defect);
      const sources = {'the sound net': nets['cross-entropy']};
      const report = await expectNoLeakAsync(() =>
        robustnessReport(classifier, cases.x, cases.labels, {...options, sources}),
      );
      const raised = report.flags.filter(({id}) => id === flag).map(({figure}) => figure);
      expect(raised, report.flags.map(({id, figure}) => `${id} ${figure}`).join('\n')).toEqual(
        expect.arrayContaining(figures),
      );
      expect(report.worstCase[1].accuracy).toBeLessThanOrEqual(worstCase);
      const all = [report.clean, ...report.attacks, ...report.minimum, ...report.worstCase];
      for (const {id, reliable, reasons} of all) {
        if (figures.includes(id)) expect({id, reliable}).toEqual({id, reliable: false});
        expect(reasons.length > 0, id).toBe(!reliable);
      }
    },
    300_000,
  );

  it('and figures that the defect does not touch stay reliable: margin and DLR at logits x 1000', async () => {
    const classifier = spoil(nets['cross-entropy'], 'last layer x 1000');
    const report = await robustnessReport(classifier, cases.x, cases.labels, options);
    const reliable = [...report.attacks, ...report.worstCase].filter(figure => figure.reliable);
    expect(reliable.map(({name}) => name)).toEqual([
      ...['pgd-margin', 'pgd-margin', 'apgd-dlr', 'apgd-dlr', 'square', 'square'],
      ...['worst case', 'worst case'],
    ]);
  }, 300_000);
});

describe('a sound net raises no flag', () => {
  it.each(Object.keys({'cross-entropy': 1, 'large margin': 1, 'wide, with noise': 1}) as SoundNet[])(
    '%s',
    async kind => {
      const {x, labels} = firstPictures('t10k', 100);
      const other = kind === 'cross-entropy' ? 'large margin' : 'cross-entropy';
      const sources = {[other]: nets[other]};
      const report = await robustnessReport(nets[kind], x, labels, {...options, sources});
      expect(report.flags).toEqual([]);
      expect(report.checks).toEqual(Object.keys(flagChecks));
      expect(report.clean.accuracy).toBeGreaterThan(0.8);
      dispose([x, labels]);
    },
    300_000,
  );
});
