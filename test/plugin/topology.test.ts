import {input, layers, model, sequential, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {ancestors, descendants, traceOutputs, type LayerCall} from '../../plugin/topology.js';
import {apply, dense} from '../support/tiny_models.js';

const callsLeadingTo = (output: SymbolicTensor) => traceOutputs([output]).calls;

const show = ({path, layer}: LayerCall) => [...path, layer.name].join('/');
const listed = (output: SymbolicTensor) => callsLeadingTo(output).map(show);

/** Every call comes after the calls it uses, each of them in the list, and none is listed twice. */
function expectInOrder(calls: LayerCall[]): void {
  calls.forEach((call, i) => {
    for (const used of call.inputs) expect(calls.slice(0, i)).toContain(used);
  });
  expect(new Set(calls).size).toBe(calls.length);
}

describe('traceOutputs', () => {
  it('lists a chain from the input to the output, with shapes', () => {
    const net = sequential({layers: [layers.dense({units: 5, inputShape: [4], name: 'a'}), dense('b', 2)]});
    const calls = callsLeadingTo(net.outputs[0]);
    expect(calls.map(show)).toEqual(['a_input', 'a', 'b']);
    expect(calls.map(call => call.isInput)).toEqual([true, false, false]);
    expect(calls.map(call => call.output.shape)).toEqual([[null, 4], [null, 5], [null, 2]]); // prettier-ignore
    expect(calls[2].inputs).toEqual([calls[1]]);
  });

  it('lists a layer with two users once', () => {
    const x = input({shape: [4], name: 'x'});
    const a = apply(dense('a'), x);
    const sum = apply(layers.add({name: 'sum'}), [apply(dense('b'), a), apply(dense('c'), a)]);
    const calls = callsLeadingTo(sum);
    expect(calls.map(show).sort()).toEqual(['a', 'b', 'c', 'sum', 'x']);
    expect(show(calls[4])).toBe('sum');
    expectInOrder(calls);
  });

  it('lists only what leads to the given one of several outputs', () => {
    const x = input({shape: [4], name: 'x'});
    const trunk = apply(dense('trunk'), x);
    const [left, right] = [apply(dense('left'), trunk), apply(dense('right'), trunk)];
    const net = model({inputs: x, outputs: [left, right]});
    expect(listed(net.outputs[0])).toEqual(['x', 'trunk', 'left']);
    expect(listed(net.outputs[1])).toEqual(['x', 'trunk', 'right']);
  });

  it('lists each use of a shared layer', () => {
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const shared = dense('shared');
    const sum = apply(layers.add({name: 'sum'}), [apply(shared, a), apply(shared, b)]);
    const calls = callsLeadingTo(sum);
    expect(calls.map(show).sort()).toEqual(['a', 'b', 'shared', 'shared', 'sum']);
    const uses = calls.filter(call => call.layer === shared);
    expect(
      uses
        .map(use => use.inputs.map(show))
        .flat()
        .sort(),
    ).toEqual(['a', 'b']);
  });

  it('unpacks nested models: their layers with the path, what goes in in place of their inputs', () => {
    const inner = sequential({name: 'inner', layers: [layers.dense({units: 5, inputShape: [4], name: 'i'})]});
    const y = input({shape: [4], name: 'y'});
    const outer = model({name: 'outer', inputs: y, outputs: apply(dense('o'), apply(inner, y))});
    const x = input({shape: [4], name: 'x'});
    const before = apply(dense('before', 4), x);
    const calls = callsLeadingTo(apply(dense('after'), apply(outer, before)));
    expect(calls.map(show)).toEqual(['x', 'before', 'outer/inner/i', 'outer/o', 'after']);
    expect(calls[2].inputs).toEqual([calls[1]]);
    expect(calls[4].inputs).toEqual([calls[3]]);
    expectInOrder(calls);
  });

  it('lists the layers of a model with which a Sequential begins as its own, as tfjs runs them', () => {
    const inner = sequential({name: 'inner', layers: [layers.dense({units: 5, inputShape: [4], name: 'i'})]});
    const net = sequential({layers: [inner, dense('last')]});
    expect(listed(net.outputs[0])).toEqual(['i_input', 'i', 'last']);
  });

  it('unpacks a nested model anew for each of its uses', () => {
    const y = input({shape: [4], name: 'y'});
    const tower = model({name: 'tower', inputs: y, outputs: apply(dense('i'), y)});
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const sum = apply(layers.add({name: 'sum'}), [apply(tower, a), apply(tower, b)]);
    const uses = callsLeadingTo(sum).filter(call => call.layer.name === 'i');
    expect(uses.flatMap(use => use.inputs.map(show)).sort()).toEqual(['a', 'b']);
  });

  it('lists a layer once that leads to both used outputs of a nested model', () => {
    const y = input({shape: [4], name: 'y'});
    const trunk = apply(dense('trunk'), y);
    const nested = model({
      name: 'n',
      inputs: y,
      outputs: [apply(dense('o1'), trunk), apply(dense('o2'), trunk)],
    });
    const x = input({shape: [4], name: 'x'});
    const both = nested.apply(x) as SymbolicTensor[];
    const calls = callsLeadingTo(apply(layers.add({name: 'sum'}), both));
    expect(calls.map(show).sort()).toEqual(['n/o1', 'n/o2', 'n/trunk', 'sum', 'x']);
    expectInOrder(calls);
  });
});

describe('descendants', () => {
  it('are all that use a call, directly or not, and not the call itself', () => {
    const x = input({shape: [4], name: 'x'});
    const a = apply(dense('a'), x);
    const b = apply(dense('b'), x);
    const end = apply(dense('end'), apply(layers.add({name: 'sum'}), [apply(dense('c'), a), b]));
    const calls = callsLeadingTo(end);
    const of = (name: string) =>
      descendants(
        calls,
        calls.filter(call => show(call) === name),
      )
        .map(show)
        .sort();
    expect(of('a')).toEqual(['c', 'end', 'sum']);
    expect(of('x')).toEqual(['a', 'b', 'c', 'end', 'sum']);
    expect(of('end')).toEqual([]);
    expect(descendants(calls, [])).toEqual([]);
  });
});

describe('ancestors', () => {
  it('are all that a call uses, directly or not, and the call itself', () => {
    const x = input({shape: [4], name: 'x'});
    const a = apply(dense('a'), x);
    const sum = apply(layers.add({name: 'sum'}), [apply(dense('b', 4), a), x]);
    const {calls, results} = traceOutputs([apply(dense('end'), sum), apply(dense('other'), a)]);
    const of = (call: LayerCall) => ancestors(calls, call).map(show).sort();
    expect(of(results[0])).toEqual(['a', 'b', 'end', 'sum', 'x']);
    expect(of(results[1])).toEqual(['a', 'other', 'x']);
  });
});

describe('traceOutputs', () => {
  it('lists what leads to any of several outputs once, and tells which call gives which', () => {
    const x = input({shape: [4], name: 'x'});
    const trunk = apply(dense('trunk'), x);
    const outputs = [apply(dense('left'), trunk), trunk, apply(dense('right'), trunk)];
    const {calls, results} = traceOutputs(outputs);
    expect(calls.map(show).sort()).toEqual(['left', 'right', 'trunk', 'x']);
    expect(results.map(show)).toEqual(['left', 'trunk', 'right']);
    expectInOrder(calls);
  });
});
