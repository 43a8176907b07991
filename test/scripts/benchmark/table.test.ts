import {describe, expect, it} from 'vitest';
import {formatDifference, formatMs, formatRatio, formatTable} from '../../../scripts/benchmark/table.mjs';

describe('formatTable', () => {
  it('makes columns as wide as their widest text, aligns them, and lets headings stand alone', () => {
    const columns = [
      {title: 'engine', align: 'left', of: (row: {name: string}) => row.name},
      {title: 'ms', align: 'right', of: (row: {ms: number}) => row.ms},
    ];
    const rows = ['batch 64', {name: 'a', ms: 5}, {name: 'longer name', ms: 1000}];
    expect(formatTable(columns, rows).split('\n')).toEqual([
      'engine         ms',
      '-----------------',
      'batch 64',
      'a               5',
      'longer name  1000',
    ]);
  });
});

describe('the formats', () => {
  it('shows milliseconds with about three digits', () => {
    expect([0.04, 9.46, 99.94, 99.96, 1234.5].map(formatMs)).toEqual(['0.0', '9.5', '99.9', '100', '1235']);
  });

  it('shows a dash for what was not measured', () => {
    expect([formatMs(NaN), formatRatio(NaN), formatRatio(undefined as never)]).toEqual(['-', '-', '-']);
    expect([formatDifference(undefined), formatDifference(null)]).toEqual(['-', '-']);
  });

  it('shows ratios with two digits and differences as powers of ten', () => {
    expect(formatRatio(1.6549)).toBe('1.65');
    expect([0, 1.2e-7, Infinity].map(formatDifference)).toEqual(['0', '1e-7', 'Infinity']);
  });
});
