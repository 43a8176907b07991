import {describe, expect, it} from 'vitest';
import {flagChecks, type FlagId} from '../../../src/evaluation/flags.js';
import {reportTable} from '../../../src/evaluation/report_table.js';
import {smallReport} from '../../support/small_report.js';

describe('reportTable', () => {
  it('prints unreliable figures as such, with the reasons below, each once', () => {
    expect(reportTable({...smallReport(true), checks: ['zeroGradients', 'moreStepsHelp']})).toBe(
      `\
Accuracy of 4 examples under attack, norm linf, inputs in [0, 1]

| attack             | epsilon 0.1             | epsilon 0.2         |
| ------------------ | ----------------------- | ------------------- |
| none               | 100 %                   | 100 %               |
| pgd-ce             | 100 % unreliable [1, 2] | 75 % unreliable [1] |
| square             | 75 %                    | 50 %                |
| transfer from twin | 100 %                   | 50 %                |
| worst case         | 50 %                    | 25 % unreliable [3] |

| noise    | sigma 0.3 |
| -------- | --------- |
| gaussian | 75 %      |

| smallest perturbation | 5 % within | 25 % within | 50 % within | 75 % within | 95 % within |
| --------------------- | ---------- | ----------- | ----------- | ----------- | ----------- |
| deepFool              | 0.0575     | 0.0875      | none found  | none found  | none found  |

Unreliable, because
[1] its gradients are 0
[2] one step is stronger
[3] square beats it

Made: 2 of 12 checks (not made: probabilities, nonFiniteLogits, randomOutput, falseGradients, brokenGradients, \
noSoundGradients, blackBoxBeatsWhiteBox, oneStepBeatsIterative, moreBudgetHelpsDefender, aboveChanceUnbounded).
`,
    );
  });

  it('says so where no flag was raised, and leaves out what was not measured', () => {
    const text = reportTable({...smallReport(false), noise: [], minimum: []});
    expect(text).toContain(
      '\nNo flag was raised by 1 of 12 checks (not made: probabilities, nonFiniteLogits, ',
    );
    expect(text).not.toContain('zeroGradients');
    const checks = Object.keys(flagChecks) as FlagId[];
    const whole = reportTable({...smallReport(false), checks});
    expect(whole).toContain('\nNo flag was raised by 12 of 12 checks.\n');
    expect(reportTable({...smallReport(false), checks: []})).toContain('No checks were made.');
    expect(text).not.toContain('unreliable');
    expect(text).not.toMatch(/noise|perturbation/);
  });

  it('has columns of one width in each table', () => {
    const tables = reportTable(smallReport(true))
      .split('\n\n')
      .filter(part => part.startsWith('|'));
    for (const table of tables) {
      expect(new Set(table.split('\n').map(line => line.length)).size).toBe(1);
    }
  });
});
