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

describe('measuredBars of wasm', () => {
  const wasm = (mode: string, engine: string, toCrossEntropy: number, ratios = {}) =>
    row(mode, toCrossEntropy, ratios, {part: 'wasm', engine, batch: 64});

  it('sets both variants beside stock, tuned and their own cross-entropy', () => {
    const found = measuredBars([
      wasm('ce', 'wasm-simd', 1, {'tfjs-node': 2.2, 'tfjs-node-tuned': 3.5}),
      wasm('all-k1', 'wasm-simd', 1.55),
      wasm('ce', 'wasm-relaxed-simd', 1, {'tfjs-node': 1.8, 'tfjs-node-tuned': 2.9}),
    ]);
    expect(found.map(({title, value, bar}) => `${title}: ${value} (${bar})`)).toEqual([
      'wasm, SIMD: cross-entropy step / stock tfjs-node: 2.2 (<= 2.5)',
      'wasm, SIMD: cross-entropy step / tuned tfjs-node: 3.5 (<= 4)',
      'wasm, SIMD: 4 layers k1 / own cross-entropy: 1.55 (<= 1.6)',
      'wasm, relaxed SIMD: cross-entropy step / stock tfjs-node: 1.8 (<= 2.5)',
      'wasm, relaxed SIMD: cross-entropy step / tuned tfjs-node: 2.9 (<= 4)',
    ]);
  });

  it('leaves the bars of tfjs-node to other parts', () => {
    expect(measuredBars([wasm('all-k1', 'tfjs-node-tuned', 1.5)])).toEqual([]);
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

  it('shows single kernels where they were measured', () => {
    const kernels = [{group: 'CNN', title: 'conv1', kernel: 'Conv2D', gflops: {simd: {stock: 12.34}}}];
    const found = {
      machine: 'a machine',
      versions: {},
      minutes: 1,
      rows: [],
      notes: [],
      kernels: kernels as never,
    };
    expect(formatReport(found)).toMatch(/Conv2D +conv1 +- +- +12\.3/);
  });

  it('says loudly which losses differ, and why a row is empty', () => {
    expect(report([row('ce', 1, {}, {differs: true})])).toContain('LOSSES DIFFER');
    expect(report([row('ce', 1, {}, {problem: 'not available: no pip'})])).toContain('not available: no pip');
  });
});
