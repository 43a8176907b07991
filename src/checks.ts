import {all, isFinite, tidy, type Tensor} from '@tensorflow/tfjs-core';
import type {Norm} from './types.js';

/** Says which argument is wrong, what was expected, what came, and the way out where there is one. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
  /** The argument at fault, as the caller wrote it: `gamma`, `layers`, `labels`, ... */
  readonly argument: string;

  constructor(caller: string, argument: string, expected: string, got: unknown, wayOut?: string) {
    super(`${caller}: expected ${argument} ${expected}, got ${show(got)}${wayOut ? `; ${wayOut}` : ''}`);
    this.argument = argument;
  }
}

/** Throws an ArgumentError unless ok. */
export function check(
  ok: boolean,
  caller: string,
  argument: string,
  expected: string,
  got: unknown,
  wayOut?: string,
): asserts ok {
  if (!ok) throw new ArgumentError(caller, argument, expected, got, wayOut);
}

/** Checks for an object that has no other keys than these: what is spelled wrong would be ignored without a word. */
export function checkKeys(
  caller: string,
  argument: string,
  value: unknown,
  keys: readonly string[],
  expected = 'to be an object',
): asserts value is object {
  check(value !== null && typeof value === 'object', caller, argument, expected, value);
  const unknown = Object.keys(value).filter(key => !keys.includes(key));
  const known = `to have only the keys ${keys.join(', ')}`;
  check(unknown.length === 0, caller, argument, known, unknown.join(', '));
}

/** Checks the norm of a distance: 'l1', 'l2', 'linf' or p >= 1. */
export function checkNorm(caller: string, norm: unknown, argument = 'norm'): asserts norm is Norm {
  const named = norm === 'l1' || norm === 'l2' || norm === 'linf';
  const ok = named || (typeof norm === 'number' && norm >= 1);
  check(ok, caller, argument, "to be 'l1', 'l2', 'linf' or a number p >= 1", norm);
}

/** Checks that there are rivals enough: at least 2 classes, topK below their number. */
export function checkClasses(caller: string, classes: number | null, topK: number): void {
  check(classes !== null && classes >= 2, caller, 'logits', 'to have at least 2 classes', classes);
  check(topK <= classes - 1, caller, 'topK', `in 1..${classes - 1} (classes - 1)`, topK);
}

/** Checks that a tensor holds neither NaN nor Infinity. */
export function checkFinite(caller: string, argument: string, x: Tensor, wayOut?: string): void {
  if (x.dtype !== 'float32') return;
  const ok = tidy(() => all(isFinite(x)).dataSync()[0] === 1);
  check(ok, caller, argument, 'to be finite everywhere', 'NaN or Infinity', wayOut ?? 'clean the data first');
}

/** Checks for a finite number > 0. */
export function checkPositive(caller: string, argument: string, value: unknown, wayOut?: string): void {
  check(isFiniteNumber(value) && value > 0, caller, argument, 'to be a finite number > 0', value, wayOut);
}

/** Whether a value is a number, and neither NaN nor Infinity. */
export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Object && !(value instanceof Function)) return JSON.stringify(value);
  return String(value);
}
