import type {LayerMargins, MarginDistribution} from './margin_report.js';

/** A Vega-Lite specification: a plain object, for vega-embed, vega-lite or a notebook. */
export type PlotSpec = Record<string, unknown>;

const SIZE = {width: 300, height: 170};
const BLUE = '#2f6db3';
const RED = '#c2452d';
const INK = '#1b2733';
const GRAY = '#5b6470';

/**
 * Draws a margin distribution: for each layer the histogram of its signed distances (left of the boundary: misclassified;
 * dashed: the median, in red gamma) and, where true distances were measured, each example's true distance over its linear
 * estimate, with the line on which both agree.
 *
 * @returns A Vega-Lite (version 5 or 6) specification that holds its data.
 */
export function marginPlot({examples, layers}: MarginDistribution): PlotSpec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {
      text: 'Distance to the decision boundary',
      subtitle: `${examples} examples; below 0: misclassified; dashed: median${layers.some(hasGamma) ? '; red: gamma' : ''}`,
      anchor: 'start',
    },
    padding: 8,
    config: {view: {stroke: null}, axis: {grid: false, tickCount: 6}},
    vconcat: layers.map(layer => {
      const plots = [histogramOf(layer, examples), ...(layer.trueDistances ? [comparisonOf(layer)] : [])];
      return {hconcat: plots, spacing: 40};
    }),
  };
}

function histogramOf(layer: LayerMargins, examples: number): PlotSpec {
  const {edges, counts} = layer.histogram;
  const values = counts.map((count, i) => ({
    from: edges[i],
    to: edges[i + 1],
    share: (100 * count) / examples,
  }));
  const [low, high] = [Math.min(0, edges[0]), Math.max(0, edges[edges.length - 1])];
  const x = (field: string) => ({
    field,
    type: 'quantitative',
    scale: {domain: [low, high], nice: false},
    title: `${unit(layer)} distance at ${layer.name}`,
  });
  const rule = (value: number, mark: object) => ({
    data: {values: [{value}]},
    mark: {type: 'rule', clip: true, ...mark},
    encoding: {x: x('value')},
  });
  const {gamma} = layer;
  const isDrawn = gamma !== undefined && gamma <= high;
  return {
    ...SIZE,
    layer: [
      {
        data: {values},
        mark: {type: 'rect', color: BLUE, opacity: 0.75},
        encoding: {
          x: x('from'),
          x2: {field: 'to'},
          y: {field: 'share', type: 'quantitative', scale: {zero: true}, title: 'examples in a bin (%)'},
          y2: {datum: 0},
        },
      },
      rule(0, {color: GRAY, strokeWidth: 1.5}),
      ...(Number.isFinite(layer.quantiles[50])
        ? [rule(layer.quantiles[50], {color: INK, strokeWidth: 1.5, strokeDash: [5, 3]})]
        : []),
      ...(isDrawn ? [rule(gamma, {color: RED, strokeWidth: 1.5})] : []),
    ],
  };
}

function comparisonOf({name, trueDistances}: LayerMargins): PlotSpec {
  const {estimates, found, withinFactor2, unreached} = trueDistances!;
  const values = estimates
    .map((estimate, i) => ({estimate, found: found[i]}))
    .filter(({estimate, found}) => Number.isFinite(estimate) && Number.isFinite(found));
  const all = values.flatMap(({estimate, found}) => [estimate, found]);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  // Points are drawn around their places.
  const room = high > low ? 0.04 * (high - low) : 1;
  const domain = [low - room, high + room];
  const axis = (field: string, title: string) => ({
    field,
    type: 'quantitative',
    scale: {domain, nice: false},
    title,
  });
  const encoding = {
    x: axis('estimate', `linear estimate at ${name}`),
    y: axis('found', 'true distance on its line'),
  };
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return {
    ...SIZE,
    title: {
      text: `within a factor of 2: ${percent(withinFactor2)}; not reached: ${percent(unreached)}`,
      fontSize: 11,
      fontWeight: 'normal',
      anchor: 'start',
    },
    layer: [
      {
        data: {values: domain.map(value => ({estimate: value, found: value}))},
        mark: {type: 'line', color: GRAY, strokeWidth: 1},
        encoding,
      },
      {data: {values}, mark: {type: 'point', filled: true, size: 22, color: BLUE, opacity: 0.6}, encoding},
    ],
  };
}

function hasGamma({gamma}: LayerMargins): boolean {
  return gamma !== undefined;
}

function unit({norm}: LayerMargins): string {
  return typeof norm === 'number' ? `l${norm}` : norm;
}
