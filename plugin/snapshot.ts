import {clone, dispose, type Variable} from '@tensorflow/tfjs-core';
import {withoutTape} from '../src/index.js';

/** The values that variables have now, at no cost: numbers are copied by nobody until one of them is assigned. */
export class Snapshot {
  private readonly variables: Variable[];
  private readonly values;

  constructor(variables: Variable[]) {
    this.variables = variables;
    this.values = withoutTape(() => variables.map(variable => clone(variable)));
  }

  /** Gives back to each variable that still exists the value that it had. */
  restore(): void {
    this.variables.forEach((variable, i) => {
      const before = this.values[i];
      const isMoved = !variable.isDisposed && !before.isDisposed && variable.dataId !== before.dataId;
      if (isMoved) variable.assign(before);
    });
  }

  /** Lets go of the values that variables still have: numbers that nobody else holds can be changed in place. */
  keepMoved(): void {
    this.variables.forEach((variable, i) => {
      if (variable.isDisposed || variable.dataId === this.values[i].dataId) this.values[i].dispose();
    });
  }

  /** Lets go of the values; doing it again does nothing. */
  dispose(): void {
    dispose(this.values);
  }
}

/** Runs a forward pass; when it throws, gives the variables that such a pass may move their values back. */
export function restoringOnError<T>(variables: Variable[], run: () => T): T {
  const before = new Snapshot(variables);
  try {
    return run();
  } catch (error) {
    before.restore();
    throw error;
  } finally {
    before.dispose();
  }
}
