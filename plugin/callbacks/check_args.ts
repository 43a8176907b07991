import {check} from '../../src/index.js';

/** Checks for an integer >= 0. */
export function checkCount(caller: string, argument: string, value: unknown): asserts value is number {
  const ok = Number.isInteger(value) && (value as number) >= 0;
  check(ok, caller, argument, 'to be an integer >= 0', value);
}

/** Checks for true or false. */
export function checkFlag(caller: string, argument: string, value: unknown): asserts value is boolean {
  check(typeof value === 'boolean', caller, argument, 'to be true or false', value);
}

/** Checks that of the arguments none is left that nobody has read. */
export function checkNoOthers(caller: string, others: object): void {
  const [unknown] = Object.keys(others);
  check(unknown === undefined, caller, 'args', 'to have known keys only', unknown);
}
