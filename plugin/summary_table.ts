import type {LayersModel} from '@tensorflow/tfjs-layers';
import {showScheduled, type Norm} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';

/** Prints the margin layers of a model as a table: name, shape, norm, gamma, weight. */
export function printMarginLayers(model: LayersModel, plan: MarginPlan, print: (line: string) => void): void {
  const rows = plan.layers.map(({name, norm, gamma, weight}) => [
    name,
    `[${shapeAt(model, plan, name).map(size => size ?? 'null')}]`,
    showNorm(norm),
    showScheduled(gamma),
    showScheduled(weight),
  ]);
  const table = [['Margin layer', 'Shape', 'Norm', 'Gamma', 'Weight'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map(row => row[column].length)));
  const lines = table.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] + 3))
      .join('')
      .trimEnd(),
  );
  const rule = '_'.repeat(Math.max(...lines.map(line => line.length)));
  [rule, lines[0], '='.repeat(rule.length), ...lines.slice(1), rule].forEach(line => print(line));
}

function showNorm(norm: Norm): string {
  if (typeof norm === 'string') return norm;
  return norm === Infinity ? 'linf' : `l${norm}`;
}

function shapeAt(model: LayersModel, plan: MarginPlan, name: string): Array<number | null> {
  const tap = plan.taps.get(name)!;
  if ('output' in tap) return [null, plan.classes];
  return 'input' in tap ? model.inputs[tap.input].shape : tap.call.output.shape;
}
