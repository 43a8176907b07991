import {input, layers, model, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginRegularizer} from '../../plugin/index.js';
import {planMargin} from '../../plugin/margin_plan.js';
import {namesOf, planOf} from '../support/margin_plans.js';
import {apply, convNet, dense} from '../support/tiny_models.js';

describe('the names of margin layers', () => {
  it("'all', the default, is the input and the hidden layers", () => {
    expect(namesOf(convNet(), 'all')).toEqual(['input', 'conv1', 'conv2']);
    expect(namesOf(convNet())).toEqual(namesOf(convNet(), 'all'));
  });

  it('any layer on the way may be named, and the sets mixed in', () => {
    expect(namesOf(convNet(), ['pool', 'output', {name: 'hidden', gamma: 2}])).toEqual([
      ...['pool', 'output', 'conv1', 'conv2'],
    ]);
  });

  it('a layer comes before the set of its name', () => {
    const net = sequential({
      layers: [dense('hidden', 5, {inputShape: [4]}), dense('h2', 4, {activation: 'relu'}), dense('output')],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['hidden']);
    expect(namesOf(net, ['output'])).toEqual(['output']);
  });

  it("but 'all' and 'input' alone are sets, whatever the layers are called", () => {
    const net = () =>
      sequential({
        layers: [
          dense('input', 5, {inputShape: [4], activation: 'relu'}),
          dense('hidden', 4),
          dense('scores'),
        ],
      });
    expect(namesOf(net(), 'all')).toHaveLength(3);
    const [{taps, layers: chosen}] = [
      planMargin('f', net(), {gamma: 1, layers: 'input', gradient: 'firstOrder'}),
    ];
    expect(taps.get(chosen[0].name)).toEqual({input: 0});
  });

  it('several inputs are known by the names of their layers, together as the set input', () => {
    const [a, b] = [input({shape: [4], name: 'a'}), input({shape: [4], name: 'b'})];
    const sum = apply(layers.add({name: 'sum'}), [apply(dense('da'), a), apply(dense('db'), b)]);
    const net = model({inputs: [a, b], outputs: apply(dense('scores'), sum)});
    expect(namesOf(net, 'input')).toEqual(['a', 'b']);
    expect(namesOf(net, ['b'])).toEqual(['b']);
    expect(namesOf(net, 'all').sort()).toEqual(['a', 'b', 'da', 'db']);
  });

  it('each use of a shared layer has a name of its own; the name alone means all of them', () => {
    const shared = dense('shared', 4, {activation: 'relu'});
    const x = input({shape: [4], name: 'x'});
    const net = model({inputs: x, outputs: apply(dense('scores'), apply(shared, apply(shared, x)))});
    expect(namesOf(net, ['shared'])).toEqual(['shared:0', 'shared:1']);
    expect(namesOf(net, ['shared:1'])).toEqual(['shared:1']);
    expect(namesOf(net, ['hidden'])).toEqual(['shared:0', 'shared:1']);
  });

  it('layers of nested models go by their name, with the path before it where it is not unique', () => {
    const tower = (name: string) =>
      sequential({name, layers: [dense('d', 4, {inputShape: [4], activation: 'relu'})]});
    const x = input({shape: [4], name: 'x'});
    const one = model({inputs: x, outputs: apply(dense('scores'), apply(tower('left'), x))});
    expect(namesOf(one, ['d'])).toEqual(['d']);
    const sum = apply(layers.add(), [apply(tower('left2'), x), apply(tower('right2'), x)]);
    const two = model({inputs: x, outputs: apply(dense('scores2'), sum)});
    expect(namesOf(two, ['left2/d', 'right2/d'])).toEqual(['left2/d', 'right2/d']);
    expect(namesOf(two, ['hidden']).sort()).toEqual(['left2/d', 'right2/d']);
  });
});

describe('the marked activations', () => {
  const mark = (name: string, rest = {}) => marginRegularizer({name, ...rest});
  const chosen = (net: LayersModel, options = {}) => planOf(net, options).layers;

  it('are the margin layers where none are named, each with its own settings', () => {
    const settings = {gamma: 3, weight: 0.5, norm: 'l1', scale: 'size'};
    const net = sequential({
      layers: [
        mark('a', {inputShape: [4]}),
        dense('h', 5, {activation: 'relu'}),
        mark('b', settings),
        dense('scores'),
      ],
    });
    const defaults = {gamma: 1, weight: 1, norm: 'l2', scale: 1};
    expect(chosen(net)).toEqual([
      {name: 'a', ...defaults},
      {name: 'b', ...settings},
    ]);
    expect(chosen(net, {layers: ['h']})).toEqual([{name: 'h', ...defaults}]);
    // By name the settings are those of whoever names it.
    expect(chosen(net, {layers: ['b']})).toEqual([{name: 'b', ...defaults}]);
    expect(namesOf(net, 'all')).toEqual(['input', 'h']);
  });

  it('are every use of a shared mark, also of one in a nested model that is used twice', () => {
    const x = input({shape: [4], name: 'x'});
    const shared = mark('m', {gamma: 2});
    const twice = apply(shared, apply(dense('d', 5), apply(shared, x)));
    const inner = sequential({name: 'inner', layers: [dense('i', 5, {inputShape: [5]}), mark('n')]});
    const net = model({inputs: x, outputs: apply(dense('scores'), apply(inner, apply(inner, twice)))});
    const gammas = Object.fromEntries(chosen(net).map(({name, gamma}) => [name, gamma]));
    expect(gammas).toEqual({'m:0': 2, 'm:1': 2, 'n:0': 1, 'n:1': 1});
  });

  it('are told apart by their paths, where nested models have marks of one name', () => {
    const tower = (name: string, gamma: number) =>
      sequential({name, layers: [dense('d', 5, {inputShape: [4]}), mark('m', {gamma})]});
    const x = input({shape: [4], name: 'x'});
    const sum = apply(layers.add(), [apply(tower('left', 2), x), apply(tower('right', 3), x)]);
    const net = model({inputs: x, outputs: apply(dense('scores'), sum)});
    const found = chosen(net).map(({name, gamma}) => [name, gamma]);
    expect(Object.fromEntries(found)).toEqual({'left/m': 2, 'right/m': 3});
  });

  it('are none where no mark leads to the output', () => {
    const x = input({shape: [4], name: 'x'});
    const h = apply(dense('h', 4, {activation: 'relu'}), x);
    const outputs = [apply(dense('scores'), h), apply(dense('aside', 2), apply(mark('m'), h))];
    expect(namesOf(model({inputs: x, outputs}), undefined, {output: 'scores'})).toEqual(['input', 'h']);
  });
});
