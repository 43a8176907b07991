import {input, layers, model, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {planMargin, type LargeMarginModelOptions} from '../../../plugin/margin_plan.js';
import {expectRefusal} from '../../support/expect_no_leak.js';
import {apply, convNet, dense, denseNet} from '../../support/tiny_models.js';

const plan = (net: LayersModel, options: object) => () => {
  if (!net.built) net.build(undefined as never);
  return planMargin('f', net, {gamma: 1, ...options} as LargeMarginModelOptions);
};

function withTwoHeads(): LayersModel {
  const x = input({shape: [4], name: 'x'});
  const trunk = apply(dense('trunk', 5, {activation: 'relu'}), x);
  const aside = apply(dense('aside', 5), x);
  return model({inputs: x, outputs: [apply(dense('classes'), trunk), apply(dense('value', 1), aside)]});
}

describe('planMargin refuses', () => {
  it('an unknown layer, and lists the known', async () => {
    const parts = ['f: ', "'conv9'", 'known layers: ', 'conv1', 'pool', 'conv2', 'flat', 'scores'];
    await expectRefusal(plan(convNet(), {layers: ['conv9']}), 'layers', ...parts);
  });

  it('a layer that is not on the way from the input to the scores, and lists those that are', async () => {
    const run = plan(withTwoHeads(), {output: 'classes', layers: ['aside']});
    await expectRefusal(run, 'layers', 'on the way', "'aside'", 'trunk');
    await expectRefusal(plan(withTwoHeads(), {output: 'classes', layers: ['value']}), 'layers', "'value'");
  });

  it('an integer input, the ids of an Embedding among them, and says where to go instead', async () => {
    const net = () =>
      sequential({
        layers: [
          layers.embedding({inputDim: 9, outputDim: 2, inputLength: 3, name: 'words'}),
          layers.flatten({name: 'flat'}),
          dense('scores'),
        ],
      });
    await expectRefusal(
      plan(net(), {layers: ['input'], gradient: 'firstOrder'}),
      'layers',
      'integers',
      'embedding',
    );
    await expectRefusal(plan(net(), {layers: 'input', gradient: 'firstOrder'}), 'layers', 'float32', 'input');
    expect(plan(net(), {layers: ['words'], gradient: 'firstOrder'})).not.toThrow();
    const x = input({shape: [4], dtype: 'int32', name: 'x'});
    const integers = model({
      inputs: x,
      outputs: apply(dense('scores2'), apply(layers.reshape({targetShape: [4]}), x)),
    });
    await expectRefusal(plan(integers, {layers: 'input'}), 'layers', 'float32');
  });

  it.each<[string, object]>([
    ['norm', {norm: 0.9}],
    ['norm of layer conv1', {layers: [{name: 'conv1', norm: 0}]}],
    ['gamma', {gamma: undefined}],
    ['gamma', {gamma: 0}],
    ['gamma', {gamma: -3}],
    ['gamma', {gamma: NaN}],
    ['gamma of layer conv1', {layers: [{name: 'conv1', gamma: -1}]}],
    ['weight of layer conv1', {layers: [{name: 'conv1', weight: NaN}]}],
    ['topK', {topK: 0}],
    ['topK', {topK: 3}],
    ['topK', {topK: NaN}],
    ['clip', {clip: NaN}],
    ['epsilon', {epsilon: NaN}],
    ['scale', {scale: NaN}],
    ['marginWeight', {marginWeight: NaN}],
    ['crossEntropyWeight', {crossEntropyWeight: NaN}],
    ['seed', {seed: NaN}],
    ['options', {learningRate: 1}],
    ['layers', {layers: []}],
    ['layers', {layers: 'conv1'}],
    ['layers', {layers: ['conv1', 'conv1']}],
    ['layers', {layers: ['hidden', 'conv1']}],
    ['layers', {layers: [null]}],
  ])('a bad %s: %j', async (argument, options) => {
    await expectRefusal(plan(convNet(), options), argument, /^f: expected /, /, got /);
  });

  it('the same layer under two names', async () => {
    await expectRefusal(plan(convNet(), {layers: ['input', 'conv1_input']}), 'layers', 'once');
    const shared = dense('shared', 4, {activation: 'relu'});
    const x = input({shape: [4], name: 'x'});
    const net = model({inputs: x, outputs: apply(dense('scores'), apply(shared, apply(shared, x)))});
    await expectRefusal(plan(net, {layers: ['shared', 'shared:0']}), 'layers', 'once');
  });

  it('options that are missing altogether', async () => {
    const net = denseNet();
    const run = (options: unknown) => () => planMargin('f', net, options as LargeMarginModelOptions);
    await expectRefusal(run(undefined), 'options', 'gamma');
    await expectRefusal(run(null), 'options', 'gamma');
  });

  it('a net with fewer than 2 classes, and one whose output is no row of scores', async () => {
    await expectRefusal(plan(denseNet({classes: 1}), {}), 'logits', 'at least 2 classes');
    const picture = sequential({layers: [layers.conv2d({filters: 3, kernelSize: 3, inputShape: [6, 6, 2]})]});
    await expectRefusal(plan(picture, {}), 'output', '[batch, classes]');
  });

  it('several outputs of which none, or an unknown one, is named, and lists them', async () => {
    await expectRefusal(plan(withTwoHeads(), {}), 'output', 'outputs: classes, value');
    await expectRefusal(plan(withTwoHeads(), {output: 'x'}), 'output', "'x'", 'outputs: classes, value');
    await expectRefusal(plan(withTwoHeads(), {output: 'value'}), 'logits', 'at least 2 classes');
  });

  it('in exact mode a layer without a trusted second derivative, by name, with first order as the way out', async () => {
    const net = sequential({
      layers: [
        layers.maxPooling3d({poolSize: 2, inputShape: [6, 6, 6, 1], name: 'pool'}),
        layers.conv3d({filters: 2, kernelSize: 2, name: 'conv'}),
        layers.flatten({name: 'flat'}),
        dense('scores'),
      ],
    });
    await expectRefusal(plan(net, {}), 'gradient', 'pool', 'MaxPooling3D', "'firstOrder'");
    await expectRefusal(plan(net, {layers: ['pool']}), 'gradient', 'conv', 'Conv3D', "'firstOrder'");
    expect(plan(net, {layers: ['flat']})).not.toThrow();
    expect(plan(net, {gradient: 'firstOrder'})).not.toThrow();
  });

  it('a step: whoever plans counts them', async () => {
    await expectRefusal(plan(denseNet(), {step: 0}), 'step', 'left out', 'counted here', 'got 0');
    expect(plan(denseNet(), {step: undefined})).not.toThrow();
  });

  it('a layer behind the final softmax, and says where the logits are', async () => {
    const net = sequential({
      layers: [
        dense('h', 5, {inputShape: [4]}),
        dense('scores', 3, {activation: 'softmax'}),
        layers.reshape({targetShape: [3], name: 'late'}),
      ],
    });
    const parts = ['f: expected layers to come before the softmax scores', "got 'late'", "choose 'output'"];
    await expectRefusal(plan(net, {layers: ['h', 'late']}), 'layers', ...parts);
    expect(plan(net, {layers: ['h', 'output']})).not.toThrow();
    // The layer that ends in the softmax gives the logits.
    expect(plan(net, {layers: ['scores']})).not.toThrow();
  });
});
