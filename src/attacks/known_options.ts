import {check} from '../checks.js';
import type {CommonAttackOptions} from './attack_types.js';

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
