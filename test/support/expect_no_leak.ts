import {memory, Tensor} from '@tensorflow/tfjs-core';
import {expect} from 'vitest';
import {ArgumentError} from '../../src/checks.js';

/** Expects f to leave no tensor behind but those it returns. */
export function expectNoLeak<T>(f: () => T): T {
  const before = memory().numTensors;
  const result = f();
  expectOnly(result, before);
  return result;
}

/** The same for a function that takes its time. */
export async function expectNoLeakAsync<T>(f: () => Promise<T>): Promise<T> {
  const before = memory().numTensors;
  const result = await f();
  expectOnly(result, before);
  return result;
}

/**
 * Expects f to throw, or to reject with, an ArgumentError about this argument whose message has all these parts, and
 * to leave no tensor behind.
 */
export async function expectRefusal(
  f: () => unknown,
  argument: string,
  ...parts: Array<string | RegExp>
): Promise<void> {
  const before = memory().numTensors;
  const error = await errorOf(f);
  const left = memory().numTensors - before;
  expect(error, `expected a refusal of ${argument}, got ${String(error)}`).toBeInstanceOf(ArgumentError);
  expect((error as ArgumentError).argument).toBe(argument);
  for (const part of parts) expect((error as Error).message).toMatch(part);
  expect(left, 'tensors left behind by the refusal').toBe(0);
}

/** What f throws or rejects with; undefined where it does neither. */
export async function errorOf(f: () => unknown): Promise<unknown> {
  try {
    await f();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The tensors in arrays and plain objects, each once. */
export function tensorsIn(value: unknown, found = new Set<Tensor>()): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (Array.isArray(value)) value.forEach(item => tensorsIn(item, found));
  else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    Object.values(value).forEach(item => tensorsIn(item, found));
  }
  return found;
}

function expectOnly(result: unknown, before: number): void {
  const left = memory().numTensors - before - tensorsIn(result).size;
  expect(left, 'tensors left behind').toBe(0);
}
