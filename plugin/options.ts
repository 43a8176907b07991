import type {serialization} from '@tensorflow/tfjs-core';
import type {MarginLayer} from '../src/index.js';
import type {LargeMarginModelOptions} from './margin_plan.js';

/**
 * Writes margin options as a config that survives tfjs's saving, which changes the case of every string but those
 * under the key `name`, and turns Infinity into null: layers and the output are stored as `{name}`.
 */
export function optionsToConfig(options: LargeMarginModelOptions): serialization.ConfigDict {
  const {layers, output, norm, ...rest} = options;
  const config: Record<string, unknown> = {...rest};
  if (layers !== undefined) config.layers = Array.isArray(layers) ? layers.map(layerToConfig) : layers;
  if (output !== undefined) config.output = {name: output};
  if (norm !== undefined) config.norm = normToConfig(norm);
  return JSON.parse(JSON.stringify(config)) as serialization.ConfigDict;
}

/** Reads what `optionsToConfig` wrote. */
export function optionsFromConfig(config: serialization.ConfigDict): LargeMarginModelOptions {
  const {output, layers, ...rest} = config as Record<string, unknown>;
  const options = {...rest} as unknown as LargeMarginModelOptions;
  if (layers !== undefined) {
    const isPlain = (layer: MarginLayer) => Object.keys(layer).length === 1;
    const list = layers as MarginLayer[] | 'all' | 'input';
    options.layers = Array.isArray(list) ? list.map(layer => (isPlain(layer) ? layer.name : layer)) : list;
  }
  if (output !== undefined) options.output = (output as {name: string}).name;
  return options;
}

/** Writes the settings of one margin layer. */
export function settingsToConfig(settings: Omit<MarginLayer, 'name'>): serialization.ConfigDict {
  const {norm, ...rest} = settings;
  const config = norm === undefined ? rest : {...rest, norm: normToConfig(norm)};
  return JSON.parse(JSON.stringify(config)) as serialization.ConfigDict;
}

function layerToConfig(layer: string | MarginLayer): Record<string, unknown> {
  if (typeof layer === 'string') return {name: layer};
  const {name, ...settings} = layer;
  return {name, ...settingsToConfig(settings)};
}

function normToConfig(norm: MarginLayer['norm']): MarginLayer['norm'] {
  return norm === Infinity ? 'linf' : norm;
}
