import {describe, expect, it} from 'vitest';
import {measuredBars} from './bars.mjs';
import {formatReport} from './report.mjs';

const row = (mode: string, toCrossEntropy: number, ratios = {}, more = {}) => ({
  ...{part: 'mnist', net: 'mnist-cnn', engine: 'tfjs-node-tuned', batch: 256, mode, toCrossEntropy, ratios},
  ...{
    heading: 'CNN, batch 256',
    modeTitle: mode,
    engineTitle: 'tuned',
    ms: 100,
    low: 90,
    high: 110,
    steps: 10,
  },
  ...{toReference: 1.2, peakBytes: 5e8, problem: undefined as string | undefined, differs: false},
  ...more,
});

const rows = [
  row('ce', 1, {'tensorflow-function': 1.2}),
  row('all-k1', 1.5, {'tensorflow-eager': 0.9}),
  row('exact-k1', 2.4),
  row('random-k1', 1.5),
];

describe('measuredBars', () => {
  it('sets each measured ratio beside its bar', () => {
    const found = measuredBars(rows).map(({value, bar}) => [value, bar]);
    expect(found).toEqual([
      [1.2, '<= 1.25 (goal 1.0)'],
      [1.5, '<= 1.65 (goal 1.35)'],
      [0.9, '< 1'],
      [2.4, '<= 3.1 (goal 2.2)'],
      [1, '= 1'],
    ]);
  });

  it('leaves out what was not measured', () => {
    expect(measuredBars([row('ce', 1, {})])).toEqual([]);
    expect(measuredBars(rows.map(one => ({...one, problem: 'failed'})))).toEqual([]);
    expect(measuredBars(rows.map(one => ({...one, engine: 'tfjs-node'})))).toEqual([]);
  });
});

describe('formatReport', () => {
  const report = (rows: ReturnType<typeof row>[]) =>
    formatReport({
      machine: 'a machine',
      versions: {Node: '20'},
      minutes: 1.5,
      rows,
      notes: ['gpu: untested'],
    });

  it('shows machine, versions, rows under their heading, notes and bars', () => {
    const text = report(rows);
    const wanted = [
      'a machine',
      'Node 20',
      'CNN, batch 256',
      '90.0..110',
      'gpu: untested',
      '1.5 minutes in all',
    ];
    for (const part of wanted) expect(text).toContain(part);
    expect(text.match(/CNN, batch 256/g)).toHaveLength(1);
    expect(text).toMatch(/own cross-entropy\s+256\s+2\.40\s+<= 3\.1 \(goal 2\.2\)/);
  });

  it('says loudly which losses differ, and why a row is empty', () => {
    expect(report([row('ce', 1, {}, {differs: true})])).toContain('LOSSES DIFFER');
    expect(report([row('ce', 1, {}, {problem: 'not available: no pip'})])).toContain('not available: no pip');
  });
});
