import {compile, type TopLevelSpec} from 'vega-lite';
import {describe, expect, it} from 'vitest';
import {reportPlot} from '../../../src/evaluation/report_plot.js';
import {smallReport} from '../../support/small_report.js';

interface Layer {
  data: {values: Array<{name: string; epsilon: number; accuracy: number; isReliable: boolean}>};
  mark: {type: string; shape?: string};
}
const layersOf = (isFlagged: boolean) =>
  (reportPlot(smallReport(isFlagged)) as unknown as {layer: Layer[]}).layer;
const points = (layers: Layer[]) => layers.filter(({mark}) => mark.type === 'point');

describe('reportPlot', () => {
  it('is a specification that Vega-Lite compiles without a word, and that JSON keeps', () => {
    const spec = reportPlot(smallReport(true));
    const warnings: unknown[] = [];
    const note = (...words: unknown[]) => warnings.push(words);
    const logger = {warn: note, error: note, info: note, debug: note, level: () => logger};
    compile(spec as unknown as TopLevelSpec, {logger: logger as never});
    expect(warnings).toEqual([]);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  it('draws a line from the clean accuracy for each attack, source and the worst case', () => {
    const lines = layersOf(false).filter(({mark}) => mark.type === 'line');
    const values = lines.flatMap(({data}) => data.values);
    const byName = (name: string) =>
      values.filter(value => value.name === name).map(({epsilon, accuracy}) => [epsilon, accuracy]);
    expect(byName('pgd-ce')).toEqual([
      [0, 100],
      [0.1, 100],
      [0.2, 75],
    ]);
    expect(byName('transfer from twin')).toEqual([
      [0, 100],
      [0.1, 100],
      [0.2, 50],
    ]);
    expect(byName('worst case')).toEqual([
      [0, 100],
      [0.1, 50],
      [0.2, 25],
    ]);
  });

  it('marks unreliable figures with crosses, and only those', () => {
    const crosses = (isFlagged: boolean) =>
      points(layersOf(isFlagged))
        .filter(({mark}) => mark.shape !== undefined)
        .flatMap(({data}) => data.values.map(({name, epsilon}) => `${name}@${epsilon}`));
    expect(crosses(true)).toEqual(['pgd-ce@0.1', 'pgd-ce@0.2', 'worst case@0.2']);
    expect(crosses(false)).toEqual([]);
    const dots = points(layersOf(true)).filter(({mark}) => mark.shape === undefined);
    expect(dots.flatMap(({data}) => data.values).every(({isReliable}) => isReliable)).toBe(true);
  });
});
