import * as tf from '@tensorflow/tfjs-core';
import {io, serialization} from '@tensorflow/tfjs-core';
import {layers, loadLayersModel} from '@tensorflow/tfjs-layers';
import type * as Plugin from '../../plugin/index.js';
import {beforeAll, describe, expect, it, vi} from 'vitest';
import {registeredGradients} from '../support/registered_gradients.js';
import {denseNet} from '../support/tiny_models.js';

describe('register', () => {
  let before: Map<string, unknown>;
  let classesBefore: string[];
  let plugin: typeof Plugin;

  const classNames = () => Object.keys(serialization.SerializationMap.getMap().classNameMap);

  beforeAll(async () => {
    before = registeredGradients();
    classesBefore = classNames();
    plugin = await import('../../plugin/index.js');
  });

  it('adds the second-order gradients that tfjs lacks and replaces none that it has', () => {
    expect(before.size).toBeGreaterThan(60);
    const after = registeredGradients();
    for (const [name, config] of before) expect(after.get(name)).toBe(config);
    const added = [...after.keys()].filter(name => !before.has(name));
    const ours = [
      [tf.AvgPool3DGrad, tf.AvgPoolGrad, tf.Conv2DBackpropFilter, tf.EluGrad, tf.MaxPoolGrad],
      [tf.DepthwiseConv2dNativeBackpropFilter, tf.DepthwiseConv2dNativeBackpropInput],
      [tf.ResizeBilinearGrad, tf.ResizeNearestNeighborGrad],
      [tf.Equal, tf.NotEqual, tf.Less, tf.LessEqual, tf.Greater],
      [tf.LogicalAnd, tf.LogicalOr, tf.LogicalXor, tf.LogicalNot, tf.Any, tf.All],
    ];
    expect(added.sort()).toEqual(ours.flat().sort());
  });

  it('adds the classes that files can hold, and nothing else', () => {
    const ours = ['LargeMarginModel', 'LargeMarginOptimizer', 'LargeMarginRegularizer'];
    expect(classNames().filter(name => !classesBefore.includes(name))).toEqual(ours);
  });

  it('takes the place of what somebody else has registered under one of its names, and says so once', async () => {
    const {classNameMap} = serialization.SerializationMap.getMap();
    class Theirs extends layers.Layer {
      static className = 'LargeMarginRegularizer';
    }
    serialization.registerClass(Theirs as never);
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    // Once more, as when the package comes after theirs.
    const again = '../../plugin/register.js?again';
    await import(/* @vite-ignore */ again);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0][0]).toContain('the class name LargeMarginRegularizer was registered already');
    expect(classNameMap['LargeMarginRegularizer'][0]).toBe(plugin.MarginRegularizer);
    warn.mockRestore();
  });

  it('lets tf.loadLayersModel find the class by its name', async () => {
    const model = new plugin.LargeMarginModel(denseNet(), {gamma: 1});
    let artifacts: io.ModelArtifacts | undefined;
    await model.save(
      io.withSaveHandler(async saved => {
        artifacts = saved;
        return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
      }),
    );
    const loaded = await loadLayersModel(io.fromMemory(artifacts!));
    expect(loaded).toBeInstanceOf(plugin.LargeMarginModel);
    expect(loaded.getClassName()).toBe('LargeMarginModel');
  });
});

describe('the gradients', () => {
  it('leave alone what somebody else has registered for the same operation', async () => {
    // A fresh copy of the room, as a second version of the package would bring one.
    const theirs = tf.getGradient(tf.EluGrad);
    const mine = {kernelName: tf.EluGrad, gradFunc: () => ({})};
    tf.unregisterGradient(tf.EluGrad);
    tf.registerGradient(mine);
    tf.unregisterGradient(tf.AvgPoolGrad);
    const copy = '../../plugin/gradients/index.js?second';
    await import(/* @vite-ignore */ copy);
    expect(tf.getGradient(tf.EluGrad)).toBe(mine);
    expect(tf.getGradient(tf.AvgPoolGrad)).toBeDefined();
    tf.unregisterGradient(tf.EluGrad);
    tf.registerGradient(theirs);
  });
});
