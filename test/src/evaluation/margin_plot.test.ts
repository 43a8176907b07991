import {compile, type TopLevelSpec} from 'vega-lite';
import * as vega from 'vega';
import {describe, expect, it} from 'vitest';
import {marginPlot} from '../../../src/evaluation/margin_plot.js';
import {describeMargins} from '../../../src/evaluation/margin_report.js';

const OPTIONS = {epsilon: 1e-6, clip: 4, bins: 5, margins: 'positive' as const};
const distances = [1, 2, 3, -1];
const layer = {name: 'input', norm: 'l2' as const, distances, denominators: [1, 1, 1, 1], totalVariation: 1};
const followed = {places: [0, 1, 3], estimates: [1, 2, -1], found: [1.5, Infinity, NaN]};

async function render(spec: unknown): Promise<string> {
  const warnings: string[] = [];
  const logger = {
    ...vega.logger(vega.Warn),
    warn: (...parts: unknown[]) => (warnings.push(parts.join(' ')), logger),
  };
  const compiled = compile(spec as TopLevelSpec, {logger: logger as never}).spec;
  const view = new vega.View(vega.parse(compiled), {renderer: 'none'});
  try {
    expect(warnings).toEqual([]);
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

describe('marginPlot', () => {
  const distribution = describeMargins(
    Float32Array.of(1, 0, 1, 0, 1, 0, 0, 1),
    [0, 0, 0, 0],
    [
      {...layer, gamma: 2, followed},
      {...layer, name: 'hidden'},
    ],
    OPTIONS,
  );

  it('is plain data that Vega-Lite draws without a warning, a row for each layer', async () => {
    const spec = marginPlot(distribution);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    const svg = await render(spec);
    for (const text of [
      'l2 distance at input',
      'l2 distance at hidden',
      'linear estimate at input',
      '4 examples',
    ])
      expect(svg).toContain(text);
    expect(svg).not.toContain('linear estimate at hidden');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('shows in its bars all examples of the histogram, as shares of all', () => {
    const [{hconcat}] = marginPlot(distribution).vconcat as Array<{hconcat: Array<{layer: never[]}>}>;
    const [bars] = hconcat[0].layer as Array<{data: {values: Array<{share: number}>}}>;
    expect(bars.data.values.reduce((sum, {share}) => sum + share, 0)).toBe(100);
  });

  it('draws distances that are all the same, and none that are finite', async () => {
    for (const list of [
      [2, 2, 2, 2],
      [NaN, NaN, NaN, NaN],
    ]) {
      const one = {...layer, distances: list, followed: {places: [0], estimates: [NaN], found: [NaN]}};
      const spec = marginPlot(describeMargins(new Float32Array(8), [0, 0, 0, 0], [one], OPTIONS));
      expect(await render(spec)).not.toMatch(/NaN[",]/);
    }
  });
});
