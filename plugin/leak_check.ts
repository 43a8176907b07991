import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {mixesExamples} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';
import {descendants, type LayerCall} from './topology.js';

const checked = new WeakSet<LayerCall[]>();

/**
 * Warns, once for each model, of a layer that mixes the examples of a training batch, as a batch normalization
 * written by hand does: margins before it are not those of single examples. It is found by its gradients, on the
 * first batch of two or more. The statistics of tf.layers.batchNormalization and tf.batchNorm are constants already.
 *
 * @param results What each call gave on the live tape.
 */
export function warnOfMixing(
  caller: string,
  plan: MarginPlan,
  logits: Tensor2D,
  results: Map<LayerCall, Tensor>,
): void {
  const isWanted = plan.options.batchStatistics === 'constant' && logits.shape[0] > 1;
  if (!isWanted || checked.has(plan.calls)) return;
  checked.add(plan.calls);
  const fromMargins = [...plan.sources, ...descendants(plan.calls, plan.sources)];
  const calls = fromMargins.filter(call => results.get(call)?.shape[0] === logits.shape[0]);
  const mixes = mixesExamples(
    logits,
    calls.map(call => results.get(call)!),
  );
  const isMixed = new Map(calls.map((call, i) => [call, mixes[i]]));
  for (const call of calls) {
    if (isMixed.get(call) || !call.inputs.some(input => isMixed.get(input))) continue;
    console.warn(
      `${caller}: the layer ${call.layer.name} mixes the examples of a batch: margins before it depend on the other ` +
        'examples; normalize with tf.layers.batchNormalization or tf.batchNorm, whose statistics are constants to ' +
        "a margin, or set batchStatistics to 'differentiated' where this is meant",
    );
  }
}
