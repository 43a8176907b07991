import {Optimizer, RMSPropOptimizer, serialization, train} from '@tensorflow/tfjs-core';
import {check} from '../../src/index.js';

/** Defaults as those of tfjs-layers' `compile`, which has no name for momentum. */
const BY_NAME: Record<string, () => Optimizer> = {
  sgd: () => train.sgd(0.01),
  momentum: () => train.momentum(0.01, 0.9),
  rmsprop: () => train.rmsprop(0.001, 0.9, 0),
  adam: () => train.adam(0.001, 0.9, 0.999),
  adamax: () => train.adamax(0.002, 0.9, 0.999, undefined, 0),
  adagrad: () => train.adagrad(0.01),
  adadelta: () => train.adadelta(1, 0.95),
};

/** An optimizer as plain data. */
export interface OptimizerConfig extends serialization.ConfigDict {
  className: string;
  /** The class name again: tfjs's loading takes underscores out of every string but those under this key. */
  name: string;
  config: serialization.ConfigDict;
}

/**
 * Makes an optimizer of tfjs from its name, or takes the one that is given.
 *
 * @param caller The public function on whose behalf.
 * @param inner 'sgd', 'momentum', 'rmsprop', 'adam', 'adamax', 'adagrad', 'adadelta' in any case, or an optimizer.
 * @returns The caller disposes of it if it was made from a name.
 * @throws ArgumentError for anything else, and for centred RMSProp, which tfjs computes wrongly.
 * @example
 * const inner = innerOptimizer('LargeMarginOptimizer', 'adam');
 */
export function innerOptimizer(caller: string, inner: Optimizer | string): Optimizer {
  const names = Object.keys(BY_NAME);
  if (typeof inner === 'string') {
    const name = inner.toLowerCase();
    check(names.includes(name), caller, 'optimizer', `to be one of ${names.join(', ')}`, inner);
    return BY_NAME[name]();
  }
  const expected = `to be a tf.Optimizer or one of ${names.join(', ')}`;
  check(isOptimizer(inner), caller, 'optimizer', expected, kindOf(inner));
  const isRmsProp = Object.prototype.isPrototypeOf.call(RMSPropOptimizer.prototype, inner);
  const isCentered = isRmsProp && (inner as unknown as {centered: boolean}).centered;
  // It takes the root of a variance less epsilon, which becomes negative, and the weights NaN.
  check(
    !isCentered,
    caller,
    'optimizer',
    'other than centred RMSProp, which makes NaN of weights in tfjs',
    'centered: true',
    'take tf.train.rmsprop(learningRate) without centered, or adam',
  );
  return inner;
}

/**
 * Writes an optimizer as a config; its slots are not part of it.
 *
 * @throws ArgumentError where its class is not registered: what was saved could not be loaded.
 */
export function innerToConfig(optimizer: Optimizer): OptimizerConfig {
  const className = optimizer.getClassName();
  checkRegistered('innerToConfig', className);
  return {className, name: className, config: optimizer.getConfig()};
}

/**
 * Makes an optimizer from what `innerToConfig` wrote.
 *
 * @throws ArgumentError where its class is not registered.
 */
export function innerFromConfig({name, config}: OptimizerConfig): Optimizer {
  checkRegistered('innerFromConfig', name);
  const [cls, fromConfig] = serialization.SerializationMap.getMap().classNameMap[name];
  return innerOptimizer('innerFromConfig', fromConfig(cls, config) as Optimizer);
}

function checkRegistered(caller: string, className: string): void {
  const {classNameMap} = serialization.SerializationMap.getMap();
  const wayOut = 'pass the class to tf.serialization.registerClass, before saving and before loading';
  const isRegistered = Object.hasOwn(classNameMap, className);
  check(isRegistered, caller, 'optimizer', 'to be of a registered class', className, wayOut);
}

/** `instanceof` throws for null. */
function isOptimizer(value: unknown): boolean {
  return value !== null && typeof value === 'object' && value instanceof Optimizer;
}

function kindOf(value: unknown): string {
  return value === null || typeof value !== 'object' ? String(value) : value.constructor.name;
}
