import {engine, type Variable} from '@tensorflow/tfjs-core';

/** The variable that tfjs knows by this name, as its optimizers do; none where it was disposed of. */
export function variableByName(name: string): Variable | undefined {
  const {registeredVariables} = engine();
  // Names are a user's: 'constructor' is no variable.
  return Object.hasOwn(registeredVariables, name) ? registeredVariables[name] : undefined;
}

/** All variables that tfjs knows: of models, of optimizers, and those made by tf.variable. */
export function registeredVariables(): Variable[] {
  return Object.values(engine().registeredVariables);
}
