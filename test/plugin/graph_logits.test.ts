import {describe, expect, it} from 'vitest';
import {
  asyncNode,
  graphText,
  logitsName,
  probabilitiesIn,
  type GraphNode,
} from '../../plugin/graph_logits.js';

const node = (name: string, op: string, ...inputs: GraphNode[]): GraphNode => ({
  ...{name, op, inputs},
  inputNames: inputs.map(input => input.name),
});
const x = node('x', 'Placeholder');
const z = node('z', 'BiasAdd', x);

describe('logitsName', () => {
  it('goes back over operations that only move numbers, to what the softmax is given', () => {
    const p = node('p', 'Softmax', z);
    expect(logitsName(p, 'p')).toBe('z');
    expect(logitsName(node('out', 'Identity', node('rows', 'Reshape', p, x)), 'out')).toBe('z');
  });

  it('knows a softmax that is spelled out, with and without the largest logit taken off', () => {
    const spelled = (shifted: GraphNode) => {
      const exp = node('e', 'Exp', shifted);
      return node('p', 'RealDiv', exp, node('s', 'Sum', exp, x));
    };
    expect(logitsName(spelled(z), 'p')).toBe('z');
    expect(logitsName(spelled(node('d', 'Sub', z, node('m', 'Max', z, x))), 'p')).toBe('z');
    // Something else is taken off.
    expect(logitsName(spelled(node('d', 'Sub', z, x)), 'p')).toBe('d');
  });

  it('leaves another end as it is', () => {
    expect(logitsName(z, 'z')).toBe('z');
    expect(logitsName(node('q', 'RealDiv', z, x), 'q')).toBe('q');
    expect(logitsName(node('l', 'LogSoftmax', z), 'l')).toBe('l');
  });
});

describe('probabilitiesIn', () => {
  it('finds them as they are, averaged, clipped and under a logarithm', () => {
    const [p, q] = [node('p', 'Softmax', z), node('q', 'Sigmoid', z)];
    expect(probabilitiesIn(q)).toBe('q');
    expect(probabilitiesIn(node('mean', 'AddV2', x, node('half', 'Mul', p, x)))).toBe('p');
    expect(probabilitiesIn(node('log', 'Log', node('clip', 'ClipByValue', p, x, x)))).toBe('p');
  });

  it('does not look beyond operations that make new numbers, as attention does', () => {
    expect(probabilitiesIn(node('m', 'MatMul', node('p', 'Softmax', z), x))).toBeUndefined();
    expect(probabilitiesIn(z)).toBeUndefined();
  });
});

describe('asyncNode', () => {
  it('finds control flow and dynamic shapes anywhere on the way, and nothing beside it', () => {
    const where = {...node('w', 'Where', x), category: 'dynamic'};
    const loop = {...node('l', 'Exit', x), category: 'control'};
    expect(asyncNode(node('p', 'Softmax', node('z', 'MatMul', x, where)))).toBe(where);
    expect(asyncNode(loop)).toBe(loop);
    expect(asyncNode({...z, category: 'arithmetic'})).toBeUndefined();
  });
});

describe('graphText', () => {
  it('is that of what leads to the node, in whatever order it is listed', () => {
    const sum = node('s', 'Add', z, x);
    expect(graphText(sum, 's')).toBe(graphText({...sum}, 's'));
    expect(graphText(node('p', 'Softmax', z).inputs[0], 'z')).toBe(graphText(z, 'z'));
  });

  it('changes with an operation, an attribute, the inputs and the output that is meant', () => {
    const texts = [
      graphText(z, 'z'),
      graphText(z, 'z:1'),
      graphText(node('z', 'Add', x), 'z'),
      graphText(node('z', 'BiasAdd', node('y', 'Placeholder')), 'z'),
      graphText({...z, attrParams: {axis: {value: 1}}}, 'z'),
    ];
    expect(new Set(texts).size).toBe(5);
  });
});
