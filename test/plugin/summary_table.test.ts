import {input, layers, model} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {planMargin, type LargeMarginModelOptions} from '../../plugin/margin_plan.js';
import {printMarginLayers} from '../../plugin/summary_table.js';
import {apply, convNet} from '../support/tiny_models.js';

function linesOf(net: Parameters<typeof planMargin>[1], options: LargeMarginModelOptions): string[] {
  const lines: string[] = [];
  printMarginLayers(net, planMargin('f', net, options), line => lines.push(line));
  return lines;
}

describe('printMarginLayers', () => {
  it('prints name, shape, norm, gamma and weight of each margin layer, in columns', () => {
    const layers = [
      'input',
      {name: 'conv1', norm: 1.5, gamma: 0.25, weight: 2},
      {name: 'output', norm: 'l1'},
    ] as const;
    const lines = linesOf(convNet(), {gamma: 1, norm: 'linf', layers: [...layers]});
    const rule = '_'.repeat(51);
    expect(lines).toEqual([
      rule,
      'Margin layer   Shape          Norm   Gamma   Weight',
      '='.repeat(51),
      'input          [null,6,6,2]   linf   1       1',
      'conv1          [null,6,6,3]   l1.5   0.25    2',
      'output         [null,3]       l1     1       1',
      rule,
    ]);
  });

  it('shows the shape of each use of a shared layer, and sizes that are open', () => {
    const shared = layers.dense({units: 4, name: 'shared'});
    const x = input({shape: [null, 4] as never, name: 'x'});
    const pooled = apply(layers.globalAveragePooling1d({}), apply(shared, apply(shared, x)));
    const net = model({inputs: x, outputs: apply(layers.dense({units: 3, name: 'scores'}), pooled)});
    const lines = linesOf(net, {gamma: 1, layers: ['shared'], gradient: 'firstOrder'});
    expect(lines.filter(line => line.startsWith('shared'))).toEqual([
      'shared:0       [null,null,4]   l2     1       1',
      'shared:1       [null,null,4]   l2     1       1',
    ]);
  });
});
