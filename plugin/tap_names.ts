import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {MarginLayer, ResolvedLayer} from '../src/index.js';
import {siteSettings} from './margin_sites.js';
import type {LayerCall} from './topology.js';

/** What can be intercepted: an input of the model, the logits, or a call of a layer, the index-th of several. */
export type Tap = {input: number} | {output: true} | {call: LayerCall; index: number; of: number};

/**
 * Names everything that can be intercepted: layers by their name (with the nested models before it where the name
 * alone is not unique), each call of a shared layer as name:0, name:1, ..., the only input also as 'input'.
 */
export function nameTaps(model: LayersModel, calls: LayerCall[]): Map<string, Tap> {
  const taps = new Map<string, Tap>();
  const inputs = model.inputs.map(input => input.sourceLayer);
  const isTaken = calls.some(call => !call.isInput && call.layer.name === 'input');
  if (inputs.length === 1 && !isTaken) taps.set('input', {input: 0});
  taps.set('output', {output: true});
  const byLayer = new Map<LayerCall['layer'], LayerCall[]>();
  for (const call of calls) byLayer.set(call.layer, [...(byLayer.get(call.layer) ?? []), call]);
  const names = [...byLayer.keys()].map(layer => layer.name);
  for (const [layer, uses] of byLayer) {
    const isUnique = names.filter(name => name === layer.name).length === 1;
    const name = isUnique ? layer.name : [...uses[0].path, layer.name].join('/');
    if (uses[0].isInput) {
      taps.set(name, {input: inputs.indexOf(layer)});
    } else if (uses.length === 1) {
      taps.set(name, {call: uses[0], index: 0, of: 1});
    } else {
      taps.set(name, {call: uses[0], index: -1, of: uses.length});
      uses.forEach((call, index) => taps.set(`${name}:${index}`, {call, index, of: uses.length}));
    }
  }
  return taps;
}

/** A shared layer's name means each of its calls. */
export function everyCall(layer: ResolvedLayer, taps: Map<string, Tap>): ResolvedLayer[] {
  const tap = taps.get(layer.name)!;
  if (!('call' in tap) || tap.index >= 0) return [layer];
  return Array.from({length: tap.of}, (_, index) => ({...layer, name: `${layer.name}:${index}`}));
}

/** The names of these calls, the only input's is 'input'. */
export function namesOf(taps: Map<string, Tap>, calls: LayerCall[], model: LayersModel): string[] {
  const isOnlyInput = (call: LayerCall) =>
    call.isInput && model.inputs.length === 1 && 'input' in (taps.get('input') ?? {});
  return calls.map(call => {
    if (isOnlyInput(call)) return 'input';
    const matches = [...taps].filter(([, tap]) =>
      call.isInput
        ? 'input' in tap && model.inputs[tap.input].sourceLayer === call.layer
        : 'call' in tap && tap.call === call && tap.index >= 0,
    );
    return matches[0][0];
  });
}

/** Whether a layer has the name of a set of layers. */
export function isCalledLikeASet({layer}: LayerCall): boolean {
  return layer.name === 'input' || layer.name === 'output';
}

/** The activations that marginRegularizer layers mark, with their settings; undefined where there is none. */
export function markedLayers(taps: Map<string, Tap>): MarginLayer[] | undefined {
  const marked = [...taps].flatMap(([name, tap]) => {
    // Of a shared layer the name that means all its calls.
    const isWhole = 'call' in tap && (tap.of === 1 || tap.index < 0);
    const settings = isWhole ? siteSettings(tap.call.layer) : undefined;
    return settings ? [{name, ...settings}] : [];
  });
  return marked.length > 0 ? marked : undefined;
}
