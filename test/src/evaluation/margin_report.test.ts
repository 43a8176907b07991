import {describe, expect, it} from 'vitest';
import {describeMargins} from '../../../src/evaluation/margin_report.js';
import {summarizeMargins} from '../../../src/evaluation/margin_summary.js';

const OPTIONS = {epsilon: 1e-6, clip: 4, bins: 3, margins: 'positive' as const};
const LAYER = {name: 'input', norm: 'l2' as const, distances: [1, 2, -1], denominators: [1, 1, 1]};

describe('describeMargins', () => {
  it('describes each layer and its signature, and compares what was followed', () => {
    const followed = {places: [0, 2], estimates: [1, -1], found: [1, -2]};
    const {layers, signature, examples} = describeMargins(
      Float32Array.of(1, 0, 3, 0, 1, 2),
      [0, 0, 0],
      [
        {...LAYER, gamma: 2, totalVariation: 4, followed},
        {...LAYER, name: 'hidden', totalVariation: 1},
      ],
      OPTIONS,
    );
    expect(examples).toBe(3);
    const summary = summarizeMargins(LAYER.distances, LAYER.denominators, {...OPTIONS, gamma: 2});
    expect(layers[0]).toMatchObject({name: 'input', norm: 'l2', gamma: 2, totalVariation: 4, ...summary});
    expect(layers[0].trueDistances).toMatchObject({...followed, examples: 2, withinFactor2: 1});
    expect('trueDistances' in layers[1] || 'gamma' in layers[1]).toBe(false);
    expect(signature.map(({layer, median}) => [layer, median])).toEqual([
      ['input', 0.75], // of 1 and 2, over sqrt(4)
      ['hidden', 1.5],
    ]);
  });

  it('counts as right what leads all other classes, and nothing with a NaN or an Infinity', () => {
    const accuracy = (logits: number[], labels: number[]) =>
      describeMargins(Float32Array.from(logits), labels, [], OPTIONS).accuracy;
    expect(accuracy([1, 0, 0, 1], [0, 0])).toBe(0.5);
    expect(accuracy([1, 1], [0])).toBe(0); // a tie
    expect(accuracy([Infinity, 0, 1, NaN, 2, 1], [0, 0, 0])).toBe(1 / 3);
  });
});
