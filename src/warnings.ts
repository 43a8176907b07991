import type {ResolvedOptions} from './types.js';

const warned = new WeakSet<object>();

/**
 * Warns, once for each options object, of the one combination that only looks robust: first-order logits without
 * cross-entropy. The norm is a constant there, so that larger logits are larger margins for nothing; float32 softmax
 * then saturates and attacks find no gradient.
 */
export function warnOfMasking(caller: string, options: object, resolved: ResolvedOptions): void {
  const {gradient, scores, crossEntropyWeight} = resolved;
  const isMasking = gradient === 'firstOrder' && scores === 'logits' && crossEntropyWeight === 0;
  if (!isMasking || warned.has(options)) return;
  warned.add(options);
  console.warn(
    `${caller}: gradient 'firstOrder' with scores 'logits' and crossEntropyWeight 0 lets the logits grow without ` +
      "bound: gradients are masked, not margins gained; use gradient 'exact', or crossEntropyWeight > 0",
  );
}
