import type {Tensor} from '@tensorflow/tfjs-core';
import type {layers} from '@tensorflow/tfjs-layers';
import {isTapeLive, liveTape, type MarginLayer} from '../src/index.js';

type Layer = layers.Layer;

/** Settings of a marked activation; what is left out is taken from the options of the margin loss. */
export type SiteSettings = Omit<MarginLayer, 'name'>;

/** The registered name of the layer that marks an activation. */
export const SITE_CLASS = 'LargeMarginRegularizer';

/** What a marking layer wants at its activation; undefined for every other layer. */
export function siteSettings(layer: Layer): SiteSettings | undefined {
  return layer.getClassName() === SITE_CLASS
    ? (layer as unknown as {margin: SiteSettings}).margin
    : undefined;
}

const notes = new WeakMap<object, Map<Layer, Tensor[]>>();
const used = new WeakSet<Layer>();
const waiting = new Set<Layer>();

/** Remembers on the live tape a tensor that a layer shows: what it marks, or what its softmax is given. */
export function noteAt(layer: Layer, tensor: Tensor): void {
  if (!isTapeLive()) return;
  const ofTape = notes.get(liveTape()) ?? new Map<Layer, Tensor[]>();
  notes.set(liveTape(), ofTape.set(layer, [...(ofTape.get(layer) ?? []), tensor]));
}

/** What a layer showed on the live tape, in the order in which it was run; disposed of or not. */
export function notedAt(layer: Layer): Tensor[] {
  return (isTapeLive() && notes.get(liveTape())?.get(layer)) || [];
}

/**
 * Remembers what a layer marks on the live tape. In training, where nobody says by `markUsed` that a margin is had
 * from it, a warning says once that the layer does nothing.
 */
export function noteSite(layer: Layer, activation: Tensor, training: boolean): void {
  noteAt(layer, activation);
  if (!isTapeLive() || !training || used.has(layer)) return;
  if (waiting.size === 0) queueMicrotask(warnOfUnused);
  waiting.add(layer);
}

/** Says that a margin loss takes care of these layers. */
export function markUsed(layers: Iterable<Layer>): void {
  for (const layer of layers) used.add(layer);
}

function warnOfUnused(): void {
  const unused = [...waiting].filter(layer => !used.has(layer));
  waiting.clear();
  if (unused.length === 0) return;
  markUsed(unused);
  console.warn(
    `marginRegularizer: no margin loss uses ${unused.map(({name}) => name).join(', ')}, hence the model trains as if ` +
      'there were none; compile with marginLoss(model, options), wrap the model in a LargeMarginModel without ' +
      'layers, or attach a LargeMarginOptimizer',
  );
}
