import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {marginRegularizer} from '../../plugin/index.js';
import {planMargin} from '../../plugin/margin_plan.js';
import {namesOf, planOf} from '../support/margin_plans.js';
import {apply, convNet, dense, denseNet} from '../support/tiny_models.js';

const picture = {inputShape: [6, 6, 2]};
const conv = (name: string, rest = {}) => layers.conv2d({filters: 3, kernelSize: 3, name, ...rest});

describe("the set 'hidden' is every activation that follows a layer with weights", () => {
  it('a fused activation counts, where the layer is', () => {
    expect(namesOf(convNet(), ['hidden'])).toEqual(['conv1', 'conv2']);
    expect(namesOf(denseNet({units: [5, 4]}), ['hidden'])).toEqual(['hidden1', 'hidden2']);
  });

  it('an activation layer counts, batch norm between passed through, before pooling', () => {
    const net = sequential({
      layers: [
        conv('conv1', {...picture, useBias: false}),
        layers.batchNormalization({name: 'bn1'}),
        layers.reLU({name: 'relu1'}),
        layers.maxPooling2d({poolSize: 2, name: 'pool1'}),
        conv('conv2', {kernelSize: 1}),
        layers.activation({activation: 'tanh', name: 'tanh2'}),
        layers.flatten({name: 'flat'}),
        dense('dense3', 4),
        layers.layerNormalization({name: 'ln3'}),
        layers.leakyReLU({name: 'leaky3'}),
        dense('scores'),
      ],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['relu1', 'tanh2', 'leaky3']);
  });

  it('a layer without activation counts itself, behind its batch norm where it has one', () => {
    const net = sequential({
      layers: [
        conv('conv1', picture),
        layers.maxPooling2d({poolSize: 2, name: 'pool'}),
        conv('conv2', {kernelSize: 1}),
        layers.batchNormalization({name: 'bn2'}),
        layers.flatten({name: 'flat'}),
        dense('scores'),
      ],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['conv1', 'bn2']);
  });

  it('goes by topology: the order of the layers, and whether they are trainable, do not matter', () => {
    const x = input({shape: [4], name: 'x'});
    const left = apply(layers.reLU({name: 'left_relu'}), apply(dense('left'), x));
    const right = apply(dense('right', 3, {activation: 'tanh', trainable: false}), x);
    const sum = apply(layers.add({name: 'sum'}), [left, right]);
    const net = model({inputs: x, outputs: apply(dense('scores'), sum)});
    expect(namesOf(net, ['hidden']).sort()).toEqual(['left_relu', 'right']);
  });

  it('takes the layer itself where two others use it, for none of them is the activation', () => {
    const x = input({shape: [4], name: 'x'});
    const h = apply(dense('h'), x);
    const sum = apply(layers.add({name: 'sum'}), [apply(layers.reLU({name: 'relu'}), h), h]);
    const net = model({inputs: x, outputs: apply(dense('scores'), sum)});
    expect(namesOf(net, ['hidden'])).toEqual(['h']);
  });

  it.each<[string, () => layers.Layer[]]>([
    ['a dense softmax', () => [dense('scores', 3, {activation: 'softmax'})]],
    ['linear scores', () => [dense('scores')]],
    ['an Activation of softmax', () => [dense('scores'), layers.activation({activation: 'softmax'})]],
    ['a Softmax layer', () => [dense('scores'), layers.softmax()]],
    ['batch norm and softmax', () => [dense('scores'), layers.batchNormalization(), layers.softmax()]],
    ['dropout and softmax', () => [dense('scores'), layers.dropout({rate: 0.5}), layers.softmax()]],
    ['a relu and softmax', () => [dense('scores'), layers.reLU(), layers.softmax()]],
    [
      'softmax and a linear Activation',
      () => [dense('scores', 3, {activation: 'softmax'}), layers.activation({activation: 'linear'})],
    ],
  ])('leaves out the scores where the net ends in %s', (_, end) => {
    const net = sequential({layers: [dense('h', 5, {inputShape: [4], activation: 'relu'}), ...end()]});
    expect(namesOf(net, ['hidden'])).toEqual(['h']);
  });

  it('leaves out the scores of an ending like that of MobileNet: conv -> softmax -> reshape', () => {
    const net = sequential({
      layers: [
        conv('conv1', {...picture, activation: 'relu'}),
        layers.globalAveragePooling2d({name: 'pool', dataFormat: 'channelsLast'}),
        layers.reshape({targetShape: [1, 1, 3], name: 'reshape1'}),
        layers.dropout({rate: 0.1, name: 'dropout'}),
        conv('preds', {filters: 5, kernelSize: 1}),
        layers.activation({activation: 'softmax', name: 'softmax'}),
        layers.reshape({targetShape: [5], name: 'reshape2'}),
      ],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['conv1']);
    const plan = planMargin('f', net, {gamma: 1, layers: 'input'});
    expect([plan.softmax?.layer.name, plan.classes]).toEqual(['softmax', 5]);
  });

  it('keeps the activation before a global pool that gives the scores', () => {
    const net = sequential({
      layers: [
        conv('conv1', {...picture, activation: 'relu'}),
        layers.globalAveragePooling2d({}),
        layers.softmax(),
      ],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['conv1']);
  });

  it('takes a softmax within the net for an activation like any other', () => {
    const net = sequential({
      layers: [
        dense('gate', 5, {inputShape: [4], activation: 'softmax'}),
        dense('scores', 3, {activation: 'softmax'}),
      ],
    });
    expect(namesOf(net, ['hidden'])).toEqual(['gate']);
    expect(planMargin('f', net, {gamma: 1}).softmax?.layer.name).toBe('scores');
  });
});

describe('the calls that give margin layers', () => {
  it('are the inputs and layers that are named, each use of a shared one, and none for the logits', () => {
    const shared = dense('shared', 4, {activation: 'relu'});
    const x = input({shape: [4], name: 'x'});
    const net = model({inputs: x, outputs: apply(dense('scores'), apply(shared, apply(shared, x)))});
    const sources = (names: string[]) =>
      planOf(net, {layers: names}).sources.map(({layer, inputs}) => [layer.name, inputs[0]?.layer.name]);
    expect(sources(['input', 'output'])).toEqual([['x', undefined]]);
    expect(sources(['shared'])).toEqual([
      ['shared', 'x'],
      ['shared', 'shared'],
    ]);
    expect(sources(['shared:1'])).toEqual([['shared', 'shared']]);
    expect(sources(['output'])).toEqual([]);
  });
});

describe('a mark between a layer and its activation', () => {
  it("changes nothing about the set 'hidden': it is passed through", () => {
    const net = (isMarked: boolean) =>
      sequential({
        layers: [
          conv('conv1', picture),
          ...(isMarked ? [marginRegularizer({name: 'm1'})] : []),
          layers.batchNormalization({name: 'bn'}),
          ...(isMarked ? [marginRegularizer({name: 'm2'})] : []),
          layers.reLU({name: 'relu'}),
          ...(isMarked ? [marginRegularizer({name: 'm3'})] : []),
          layers.flatten({name: 'flat'}),
          dense('scores'),
          ...(isMarked ? [marginRegularizer({name: 'm4'})] : []),
          layers.softmax({name: 'softmax'}),
        ],
      });
    expect(namesOf(net(true), ['hidden'])).toEqual(['relu']);
    expect(namesOf(net(false), ['hidden'])).toEqual(['relu']);
    expect(planOf(net(true), {layers: ['output']}).softmax?.layer.name).toBe('softmax');
  });
});
