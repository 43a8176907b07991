import type {TopLevelSpec} from '../../shared/draw.js';
import {textWidth} from '../../shared/text.js';
import type {ModelColors} from './palette.js';
import {FONT, INK, LINE, MUTED} from './palette.js';

/** One figure of the report. The title says what is seen, the note how to read it. */
export interface Figure {
  id: string;
  title: string;
  note: string;
  spec: TopLevelSpec;
  /** The same for a narrow screen; then `spec` takes the whole width of a page. */
  narrow?: TopLevelSpec;
}

/** Size of a plot without its axes: narrow enough for a phone, and enlarged elsewhere. */
export const PLOT = {width: 364, height: 230};

/** The legend symbols of a line. */
export const LINE_LEGEND = {symbolType: 'stroke', symbolStrokeWidth: 3, symbolSize: 260, symbolOpacity: 1};

const SPACE = 440;

/** What all specs share. */
export const BASE = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: null as unknown as string,
  padding: {left: 4, top: 4, right: 16, bottom: 4},
  config: {
    aria: false,
    font: FONT,
    view: {stroke: null},
    axis: {
      labelColor: MUTED,
      titleColor: MUTED,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal' as const,
      titlePadding: 8,
      labelPadding: 6,
      domain: false,
      ticks: false,
      gridColor: LINE,
      tickColor: LINE,
      domainColor: LINE,
    },
    axisX: {grid: false, domain: true, ticks: true, tickSize: 4, labelFlush: false},
    axisY: {minExtent: 34, tickCount: 5},
    legend: {labelColor: INK, labelFontSize: 13, labelLimit: 0, columnPadding: 18, rowPadding: 4, offset: 14},
    line: {strokeWidth: 2.5, strokeCap: 'round' as const, strokeJoin: 'round' as const},
    text: {color: INK, fontSize: 12},
  },
} as const;

/** The colour channel: fixed colours, and a legend above the plot that is as broad as it may be. */
export function colorChannel(names: string[], colors: ModelColors, legend: object = LINE_LEGEND) {
  const widest = Math.max(...names.map(name => textWidth(name, 13) + 46));
  const columns = Math.min(names.length, Math.max(1, Math.floor(SPACE / widest)));
  return {
    field: 'model',
    type: 'nominal' as const,
    scale: {domain: names, range: names.map(name => colors[name])},
    legend: {orient: 'top' as const, title: null, columns, ...legend},
  };
}
