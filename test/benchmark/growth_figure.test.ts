import {compile} from 'vega-lite';
import {expect, it} from 'vitest';
import {growthSpec} from './growth_figure.mjs';

const row = (sweep: string, mode: string, curve: string | undefined, at: number | undefined, more = {}) => ({
  ...{sweep, mode, curve, at, ms: 50, toCrossEntropy: 2, engineTitle: 'tuned'},
  ...more,
});

it('draws times over the batch and ratios over the rest, leaves out what failed, and compiles', () => {
  const rows = [
    row('batch', 'ce', undefined, 64, {ms: 30}),
    row('batch', 'exact-k1', 'exact', 64, {ms: 80}),
    row('rivals', 'ce', undefined, undefined),
    row('rivals', 'exact-k3', 'exact', 3),
    row('rivals', 'exact-k9', 'exact', 9, {problem: 'failed'}),
  ];
  const spec = growthSpec(rows);
  const values = spec.concat.map(({data}) => data.values);
  expect(values).toEqual([
    [
      {at: 64, value: 30, curve: 'cross-entropy'},
      {at: 64, value: 80, curve: 'exact'},
    ],
    [{at: 3, value: 2, curve: 'exact'}],
  ]);
  expect(compile(spec as never).spec.marks).toBeDefined();
});
