import * as tf from '@tensorflow/tfjs-core';

/** The gradient registered for each of tfjs's operations; operations without one are left out. */
export function registeredGradients(): Map<string, unknown> {
  // tfjs-core exports every kernel's name as a string constant.
  const names = Object.values(tf).filter(value => typeof value === 'string');
  const found = names.map(name => [name, tf.getGradient(name)] as const);
  return new Map(found.filter(([, config]) => config != null));
}
