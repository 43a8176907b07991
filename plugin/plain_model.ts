import {serialization, type Variable} from '@tensorflow/tfjs-core';
import {LayersModel, type layers} from '@tensorflow/tfjs-layers';
import {check} from '../src/index.js';

type Layer = layers.Layer;
type Config = serialization.ConfigDict;

const CALLER = 'toPlainModel';

/**
 * Copies a model without anything of this package, so that what it saves loads where the package is not: in plain
 * TensorFlow.js and in Python's Keras 2. Margin layers become linear activations of the same name, and a
 * LargeMarginModel the model that it wraps, inside other models too. Classes of your own stay, and need registering there.
 *
 * @param model A Sequential or functional model, compiled or not; it is left as it is.
 * @returns A model with the same names, weights (values of its own, in the same order), `trainable` flags and
 *     user-defined metadata, not compiled, to dispose of by its `dispose`.
 * @throws ArgumentError for what is no model with a known input shape, and for a layer that its class and config
 *     do not give again.
 * @example
 * await toPlainModel(model).save('file:///tmp/plain');
 */
export function toPlainModel(model: LayersModel): LayersModel {
  const isModel = model instanceof LayersModel && model.outputs?.length > 0;
  check(isModel, CALLER, 'model', 'to be a tf.LayersModel with a known input shape', String(model));
  // A Sequential model puts itself together when it is first used.
  if (!model.built) model.build(undefined as never);
  const source = unwrap(model).layer as LayersModel;
  checkRegistered(source);
  const {className, config} = plain({className: source.getClassName(), config: source.getConfig()}) as Entry;
  const [cls, fromConfig] = serialization.SerializationMap.getMap().classNameMap[className];
  const make = fromConfig as unknown as typeof LayersModel.fromConfig<
    LayersModel & serialization.Serializable
  >;
  // The last argument: initial weights that are cheap to make, for all are written over.
  const copy = make(cls as never, config, {}, true);
  try {
    if (!copy.built) copy.build(undefined as never);
    copyState(model, copy);
    const metadata = model.getUserDefinedMetadata() ?? source.getUserDefinedMetadata();
    if (metadata) copy.setUserDefinedMetadata(structuredClone(metadata));
  } catch (error) {
    copy.dispose();
    throw error;
  }
  return copy;
}

/** How tfjs writes down a layer or a model, wherever in a config it stands. */
interface Entry extends Config {
  className: string;
  config: Config;
}

/** Rewrites the entries of our classes, however deep; all else is copied, for tfjs writes into the configs it reads. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const {className, config} = value as Entry;
  if (className === 'LargeMarginModel') return plain({...value, ...(config.base as Entry)});
  const entry = className === 'LargeMarginRegularizer' ? {...value, ...linear(config)} : value;
  return Object.fromEntries(Object.entries(entry).map(([key, part]) => [key, plain(part)]));
}

function linear({name, trainable, dtype, batchInputShape}: Config): Entry {
  const config: Config = {name, trainable, dtype, activation: 'linear'};
  // A first layer has the shape of the model's input.
  if (batchInputShape !== undefined) config.batchInputShape = batchInputShape;
  return {className: 'Activation', config};
}

/** A LargeMarginModel stands for the model in it, which learns only as far as both are trainable. */
function unwrap(layer: Layer): {layer: Layer; trainable: boolean} {
  let [inner, trainable] = [layer, layer.trainable];
  while (inner.getClassName() === 'LargeMarginModel') {
    inner = (inner as unknown as {baseModel: LayersModel}).baseModel;
    trainable &&= inner.trainable;
  }
  return {layer: inner, trainable};
}

/** Told before anything is built: tfjs would throw with half of the weights made. */
function checkRegistered(layer: Layer): void {
  const className = layer.getClassName();
  const isKnown = className in serialization.SerializationMap.getMap().classNameMap;
  const wayOut = 'tell tfjs of the class: tf.serialization.registerClass';
  check(isKnown, CALLER, 'model', 'to be made of registered classes', className, wayOut);
  if (layer instanceof LayersModel) layer.layers.forEach(part => checkRegistered(unwrap(part).layer));
}

/** Gives a copy the weights and flags of what it was copied from: configs carry no weight, and not every flag. */
function copyState(original: Layer, copy: Layer): void {
  const {layer, trainable} = unwrap(original);
  // First: the flag of a model writes over those of the weights inside.
  copy.trainable = trainable;
  if (layer instanceof LayersModel && copy instanceof LayersModel) {
    const names = (of: LayersModel) => of.layers.map(part => part.name);
    checkSame(layer, names(layer), names(copy));
    layer.layers.forEach((part, i) => copyState(part, copy.layers[i]));
    return;
  }
  const shapes = (of: Layer) => of.weights.map(({originalName, shape}) => `${originalName} [${shape}]`);
  checkSame(layer, shapes(layer).sort(), shapes(copy).sort());
  // By name: the order of a layer's weights depends on the flags of each.
  const targets = new Map(copy.weights.map(weight => [weight.originalName, weight]));
  const areApart = targets.size === copy.weights.length;
  check(areApart, CALLER, 'model', `to have weights with names of their own in ${layer.name}`, shapes(layer));
  for (const weight of layer.weights) {
    const target = targets.get(weight.originalName)!;
    target.trainable = weight.trainable;
    // Not by `write`, which applies constraints once more.
    (target.read() as Variable).assign(weight.read());
  }
}

function checkSame(layer: Layer, wanted: string[], got: string[]): void {
  const isSame = wanted.length === got.length && wanted.every((part, i) => part === got[i]);
  const expected = `to be what its layers' getConfig gives again: ${layer.name} of [${wanted.join(', ')}]`;
  check(isSame, CALLER, 'model', expected, got);
}
