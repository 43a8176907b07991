import {describe, expect, it} from 'vitest';
import {describeMargins} from '../../../src/evaluation/margin_report.js';
import {marginTable} from '../../../src/evaluation/margin_table.js';

const OPTIONS = {epsilon: 1e-6, clip: 4, bins: 3, margins: 'positive' as const};
const layer = (name: string, distances: number[]) => ({
  ...{name, norm: 'l2' as const, distances, denominators: distances.map(() => 1), totalVariation: 1},
});
const logits = Float32Array.of(1, 0, 3, 0, 1, 2, 1, 0);
const labels = [0, 0, 0, 0];

describe('marginTable', () => {
  it('has a line for each layer under titles that stand above their columns', () => {
    const layers = [
      {
        ...layer('input', [1, 2, -1, NaN]),
        gamma: 2,
        followed: {places: [0, 1], estimates: [1, 2], found: [1, 1.5]},
      },
      {...layer('a_hidden_layer', [1e6, 2e6, 3e-7, 1]), norm: 3},
    ];
    const [title, ...lines] = marginTable(describeMargins(logits, labels, layers, OPTIONS)).split('\n');
    expect(title).toBe('4 examples, accuracy 75.0 %');
    expect(lines.map(line => line.split(/ {2,}/))).toEqual([
      [
        ...['layer', 'norm', '5 %', '25 %', '50 %', '75 %', '95 %', 'wrong', 'flat', 'not finite'],
        ...['gamma', 'reached', 'clipped', 'true/linear', 'within 10 %', 'within 2x'],
      ],
      // Of -1, 1, 2: at 5 % -1 + 0.1 x 2; the ratios are 1 and 0.75.
      [
        ...['input', 'l2', '-0.8', '0', '1', '1.5', '1.9', '25.0 %', '0.0 %', '1'],
        ...['2', '25.0 %', '0.0 %', '0.875', '50.0 %', '100.0 %'],
      ],
      ['a_hidden_layer', 'l3', '0.15', '0.75', '5.00e+5', '1.25e+6', '1.85e+6', '0.0 %', '0.0 %', '0'],
    ]);
    const place = (line: string, cell: string) => line.indexOf(cell) + cell.length;
    expect(place(lines[1], '25.0 %')).toBe(place(lines[0], 'wrong'));
  });

  it('leaves out columns that say nothing, and shows NaN', () => {
    const table = marginTable(
      describeMargins(logits, labels, [layer('input', [NaN, NaN, NaN, NaN])], OPTIONS),
    );
    expect(table).not.toMatch(/gamma|true|within/);
    expect(table.split('\n')[2]).toMatch(/^input {2}l2( +NaN){5} .* 4$/);
  });
});
