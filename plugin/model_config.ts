import {serialization} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {check} from '../src/index.js';
import {freezeParts, frozenParts, type FrozenParts} from './frozen_parts.js';
import type {LargeMarginModelOptions} from './margin_plan.js';
import {optionsFromConfig, optionsToConfig} from './options.js';
import {CONFIG_VERSION} from './saved_class.js';

type ConfigDict = serialization.ConfigDict;

/** Seed and number of training steps so far. */
export interface StepStream {
  seed: number;
  steps: number;
}

/** What of a LargeMarginModel is saved beside its weights. */
export interface SavedModel {
  name: string;
  base: LayersModel;
  options: LargeMarginModelOptions;
  stream: StepStream;
}

/** Writes a config that survives tfjs's saving. */
export function modelToConfig({name, base, options, stream}: SavedModel): ConfigDict {
  const frozen = frozenParts(base);
  const net = {className: base.getClassName(), config: base.getConfig(), ...(frozen && {frozen})};
  const config = {
    version: CONFIG_VERSION,
    name,
    margin: optionsToConfig(options),
    stream: {...stream},
    base: net,
  };
  return config as unknown as ConfigDict;
}

/**
 * Reads what `modelToConfig` wrote.
 *
 * @param make Makes the model of the wrapped one and the options; when it throws, the wrapped one is disposed of.
 * @throws ArgumentError where the class of the wrapped model is not registered.
 */
export function modelFromConfig<T>(
  config: ConfigDict,
  customObjects: ConfigDict,
  fastWeightInit: boolean,
  make: (base: LayersModel, options: LargeMarginModelOptions) => T,
): {model: T; stream: StepStream} {
  const {base, margin, stream} = config as Record<string, ConfigDict>;
  const {classNameMap} = serialization.SerializationMap.getMap();
  const className = base.className as string;
  const isKnown = Object.hasOwn(classNameMap, className);
  check(isKnown, 'load', 'the class of the wrapped model', 'to be registered', className, 'import it first');
  const [cls, fromConfig] = classNameMap[className];
  const read = fromConfig as typeof LayersModel.fromConfig;
  const net = read(cls, base.config as ConfigDict, customObjects, fastWeightInit) as unknown as LayersModel;
  try {
    if (base.frozen) freezeParts(net, base.frozen as unknown as FrozenParts);
    return {model: make(net, optionsFromConfig(margin)), stream: stream as unknown as StepStream};
  } catch (error) {
    net.dispose();
    throw error;
  }
}
