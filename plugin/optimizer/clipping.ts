import {
  abs,
  addN,
  clipByValue,
  div,
  greater,
  isNaN,
  max,
  mul,
  sqrt,
  square,
  stack,
  sum,
  tidy,
  where,
  type Tensor,
} from '@tensorflow/tfjs-core';
import {check, checkPositive} from '../../src/index.js';
import type {NamedTensor} from './slot_weights.js';

/** How gradients are clipped before a step: one of the two, or not at all. */
export interface ClippingOptions {
  /** The largest norm of all gradients together; larger ones are scaled down to it, their direction stays. */
  globalClipNorm?: number;
  /** The largest size of a single number in a gradient. */
  clipValue?: number;
}

/**
 * Checks how gradients shall be clipped.
 *
 * @throws ArgumentError for both kinds at once, and for a value that is not a finite number > 0.
 */
export function resolveClipping(
  caller: string,
  {globalClipNorm, clipValue}: ClippingOptions,
): ClippingOptions {
  const isBoth = globalClipNorm !== undefined && clipValue !== undefined;
  const wayOut = 'globalClipNorm keeps the direction of the step';
  check(!isBoth, caller, 'clipValue', 'or globalClipNorm, not both', clipValue, wayOut);
  if (globalClipNorm !== undefined) checkPositive(caller, 'globalClipNorm', globalClipNorm);
  if (clipValue !== undefined) checkPositive(caller, 'clipValue', clipValue);
  return {
    ...(globalClipNorm !== undefined && {globalClipNorm}),
    ...(clipValue !== undefined && {clipValue}),
  };
}

/**
 * Clips gradients: by their global norm, `g x min(1, c / |g|)` with |g| the l2 norm over all of them (Pascanu, Mikolov
 * and Bengio 2013), or each number to `[-clipValue, clipValue]`.
 *
 * NaN stays NaN on every backend. By norm, gradients with NaN or Infinity in them are left as they are, which have no
 * norm; `findNonFinite` tells whose they are. Nothing waits for the device.
 *
 * @param gradients float32 tensors; they stay the caller's.
 * @returns New tensors under the same names, bit for bit the same where nothing was to be clipped.
 * @example
 * const clipped = clipGradients(gradients, {globalClipNorm: 5});
 */
export function clipGradients(
  gradients: NamedTensor[],
  {globalClipNorm, clipValue}: ClippingOptions,
): NamedTensor[] {
  return tidy(() => {
    if (clipValue !== undefined) return mapTensors(gradients, g => clipSizes(g, clipValue));
    const full = gradients.map(({tensor}) => tensor).filter(({size}) => size > 0);
    if (globalClipNorm === undefined || full.length === 0) return mapTensors(gradients, g => g.clone());
    return clipNorm(gradients, full, globalClipNorm);
  });
}

/** By the largest number of all first: squares of large float32 numbers overflow, of small ones vanish. */
function clipNorm(gradients: NamedTensor[], full: Tensor[], norm: number): NamedTensor[] {
  const largest = max(stack(full.map(g => max(abs(g)))));
  const lengthOfRest = sqrt(addN(full.map(g => sum(square(div(g, largest))))));
  // False also where there is a NaN, where a number is infinite (infinity over infinity) and where all are 0 (0 over 0).
  const isTooLong = greater(lengthOfRest, div(norm, largest));
  const divisor = where(isTooLong, largest, 1);
  const factor = where(isTooLong, div(norm, lengthOfRest), 1);
  return mapTensors(gradients, g => mul(div(g, divisor), factor));
}

/** wasm's clipByValue makes 0 of NaN. */
function clipSizes(g: Tensor, size: number): Tensor {
  return where(isNaN(g), g, clipByValue(g, -size, size));
}

function mapTensors(gradients: NamedTensor[], f: (g: Tensor) => Tensor): NamedTensor[] {
  return gradients.map(({name, tensor}) => ({name, tensor: f(tensor)}));
}
