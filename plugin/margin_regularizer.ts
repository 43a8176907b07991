import {clone, type serialization, type Tensor} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {check, checkKeys, resolveLayer, resolveOptions, type Norm, type Scheduled} from '../src/index.js';
import {noteSite, SITE_CLASS, type SiteSettings} from './margin_sites.js';
import {settingsToConfig} from './options.js';
import {checkOwnClass, checkVersion, CONFIG_VERSION} from './saved_class.js';

const CALLER = 'marginRegularizer';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** What is left out is taken from the options of the margin loss, or is tfjs's default for a layer. */
export interface MarginRegularizerArgs extends LayerArgs {
  /** Margin wanted here, > 0, in units of the activation. */
  gamma?: Scheduled;
  /** Factor of this layer's term in the margin, >= 0. Default 1. */
  weight?: Scheduled;
  /** Norm of the distance. */
  norm?: Norm;
  /** The gradient norm is divided by it; 'size' = number of units of the activation. */
  scale?: number | 'size';
}

/** An identity layer that marks an activation, of any rank, as a margin layer. See `marginRegularizer`. */
export class MarginRegularizer extends layers.Layer {
  static className = SITE_CLASS;

  readonly margin: Readonly<SiteSettings>;

  constructor({gamma, weight, norm, scale, ...args}: MarginRegularizerArgs = {}) {
    checkKeys(CALLER, 'args', args, KEYS);
    super(args);
    const given = Object.entries({gamma, weight, norm, scale}).filter(([, value]) => value !== undefined);
    const settings = Object.fromEntries(given) as SiteSettings;
    resolveLayer(CALLER, {name: this.name, ...settings}, resolveOptions(CALLER, {gamma: 1}));
    this.margin = Object.freeze(settings);
    this.supportsMasking = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs: {training?: boolean} = {}): Tensor {
    const given = [inputs].flat();
    checkOne(given.length);
    // A tensor of its own: what else the input leads to is not what follows this layer.
    const marked = clone(given[0]);
    noteSite(this, marked, kwargs?.training ?? false);
    return marked;
  }

  override computeOutputShape(
    inputShape: Parameters<layers.Layer['computeOutputShape']>[0],
  ): typeof inputShape {
    checkOne(Array.isArray(inputShape[0]) ? inputShape.length : 1);
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    checkOwnClass(MarginRegularizer);
    return {...super.getConfig(), ...settingsToConfig(this.margin), version: CONFIG_VERSION};
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    // tfjs adds customObjects to whatever it reads.
    const {version, customObjects: _, ...args} = config;
    checkVersion(MarginRegularizer, version);
    return new cls(args);
  }
}

function checkOne(inputs: number): void {
  check(inputs === 1, CALLER, 'inputs', 'to be one tensor', `${inputs} tensors`);
}

const KEYS = [
  ...['gamma', 'weight', 'norm', 'scale', 'name', 'trainable', 'dtype'],
  ...['inputDType', 'inputShape', 'batchInputShape', 'batchSize', 'weights'],
];

/**
 * Marks an activation as one where a margin is wanted, with settings of its own: an identity layer, which at inference
 * costs nothing. The mark is part of the model and is saved with it.
 *
 * The marked activations are the margin layers of a `LargeMarginModel` without `layers`, of `marginLoss(model)` and of
 * an attached `LargeMarginOptimizer`. Without any of them the model trains as if the layer were not there, and a
 * warning says so once.
 *
 * @param args `gamma`, `norm`, `weight`, `scale`, and `name`, `inputShape`, ... as of every layer.
 * @throws ArgumentError naming the setting that is wrong.
 * @example
 * const hidden = tf.layers.dense({units: 32, activation: 'relu'}).apply(input);
 * const marked = marginRegularizer({gamma: 0.5, norm: 'l2'}).apply(hidden);
 */
export function marginRegularizer(args: MarginRegularizerArgs = {}): MarginRegularizer {
  return new MarginRegularizer(args);
}
