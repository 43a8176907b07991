import {dispose, mul, type Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {square} from '../../src/attacks/square.js';
import type {RobustnessReportOptions} from '../../src/evaluation/report_options.js';
import {robustnessReport} from '../../src/evaluation/robustness_report.js';
import {firstPictures} from '../reference/attacks/mnist.js';
import {netOf, soundNet} from '../support/planted_nets.js';

const SCALES = [1, 5, 20, 1000];
/** The default attacks but for the number of queries: the machine that tests is slow. */
const attacks: RobustnessReportOptions['attacks'] = [
  ...(['pgd-ce', 'fgsm', 'ifgsm', 'pgd-margin', 'apgd-ce', 'apgd-dlr'] as const),
  {name: 'square', attack: square, kind: 'blackBox', options: {queries: 300}},
];
const EXAMPLES = 200;
/** Half a point: one example. */
const BAR = 0.005 * EXAMPLES;

describe('robust accuracy and the scale of the logits', () => {
  it.each(['cross-entropy', 'large margin'] as const)(
    'the worst case is the same for a last layer x 1, 5, 20, 1000; PGD with cross-entropy alone is deceived: %s',
    async kind => {
      const net = netOf(await soundNet(kind));
      const {x, labels} = firstPictures('t10k', EXAMPLES);
      const reports = [];
      for (const scale of SCALES) {
        const scaled = (inputs: Tensor) => mul(net(inputs), scale);
        const options = {epsilons: [0.05, 0.1], attacks, checks: false};
        reports.push(await robustnessReport(scaled, x, labels, options));
      }
      dispose([x, labels]);
      for (const k of [0, 1]) {
        const largest = Math.max(...changes(reports.map(({worstCase}) => worstCase[k].accuracy)));
        const control = changes(reports.map(({attacks}) => attacks[k].accuracy));
        console.log(
          `${kind}, epsilon ${reports[0].epsilons[k]}: worst case changes by ${largest} examples at most,`,
        );
        console.log(`  cross-entropy alone by ${control.join(', ')} of ${EXAMPLES}`);
        expect(reports[0].attacks[k].name).toBe('pgd-ce');
        expect(largest).toBeLessThanOrEqual(BAR);
        expect(Math.max(...control)).toBeGreaterThan(10 * BAR);
      }
    },
    300_000,
  );
});

/** How many examples more or fewer stand than at scale 1. */
function changes(accuracies: number[]): number[] {
  return accuracies.map(accuracy => Math.round(EXAMPLES * Math.abs(accuracy - accuracies[0])));
}
