import type {MarginPlan} from './margin_plan.js';

/** What of a layer's config says how it is trained or called, not what it computes. */
const APART = /^(name|trainable|dtype|batchInputShape|version)$|(Initializer|Regularizer|Constraint)$/;

/**
 * Writes down what a net computes, whatever its layers are called: two nets made alike, or saved and loaded, have the same
 * text.
 */
export function topologyText({calls, softmax, classes}: MarginPlan): string {
  const lines = calls.map(call => {
    const {layer, inputs, output, isInput} = call;
    const kind = layer.getClassName();
    const shapes = layer.weights.map(weight => weight.shape);
    const config = isInput ? output.shape : plain(layer.getConfig());
    return [kind, inputs.map(input => calls.indexOf(input)), config, shapes, call === softmax];
  });
  return JSON.stringify([lines, classes]);
}

/** A config without what does not matter, in one order; saving changes the case of what is in it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'string') return value.replaceAll('_', '').toLowerCase();
  if (value === null || typeof value !== 'object') return value ?? null;
  const entries = Object.entries(value).filter(([key, item]) => !APART.test(key) && item != null);
  return entries.map(([key, item]) => [plain(key), plain(item)]).sort(([a], [b]) => (a! < b! ? -1 : 1));
}
