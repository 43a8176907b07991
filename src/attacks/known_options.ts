import {check} from '../checks.js';
import type {CommonAttackOptions} from './attack_types.js';

/** Checks that options are an object with keys of this list only: one that would be ignored is refused. */
export function checkKnown(caller: string, options: unknown, known: string[]): asserts options is object {
  const isObject = options !== null && typeof options === 'object';
  check(isObject, caller, 'options', 'to be an object', options);
  const unknown = Object.keys(options).filter(key => !known.includes(key));
  const expected = `to have only the keys ${known.join(', ')}`;
  check(unknown.length === 0, caller, 'options', expected, unknown.join(', '));
}

/** Checks what watches and ends a long call, where it is given. */
export function checkWatch(caller: string, {onProgress, signal}: CommonAttackOptions): void {
  const isFunction = onProgress === undefined || typeof onProgress === 'function';
  check(isFunction, caller, 'onProgress', 'to be a function', onProgress);
  const isSignal = signal === undefined || typeof signal?.throwIfAborted === 'function';
  check(isSignal, caller, 'signal', 'to be an AbortSignal', signal);
}

/** Checks for a number that passes the test, or a list of such numbers; returns a list. */
export function readNumbers(
  caller: string,
  argument: string,
  value: unknown,
  {passes, expected}: {passes: (value: unknown) => boolean; expected: string},
): number[] {
  const list: unknown[] = Array.isArray(value) ? [...value] : [value];
  const wanted = `to be ${expected}, or a list of such numbers`;
  check(list.length > 0 && list.every(passes), caller, argument, wanted, value);
  return list as number[];
}
