import {check} from '../checks.js';
import {resolveLayer} from '../options.js';
import type {MarginLayer, MarginOptions, ResolvedLayer, ResolvedOptions} from '../types.js';

/** The layers that a selection can name: every known name, and what the names of sets stand for. */
export interface LayerSets {
  known: string[];
  input: string[];
  hidden: string[];
  output: string[];
}

/**
 * Turns the `layers` option into a list of margin layers with all their settings. In a list 'input', 'hidden' and
 * 'output' are sets of layers, unless a layer has that name; a set's settings are those of each of its layers.
 *
 * @throws ArgumentError for an unknown layer (lists the known), one that is named twice, and an empty selection.
 */
export function selectLayers(
  caller: string,
  selection: MarginOptions['layers'],
  sets: LayerSets,
  options: ResolvedOptions,
): ResolvedLayer[] {
  const isKnown =
    selection === undefined || selection === 'all' || selection === 'input' || Array.isArray(selection);
  check(isKnown, caller, 'layers', "to be 'all', 'input' or a list of layers", selection);
  const all = () => [...sets.input, ...(selection === 'input' ? [] : sets.hidden)].map(name => ({name}));
  const entries = Array.isArray(selection) ? selection.flatMap(entry => expand(caller, entry, sets)) : all();
  check(entries.length > 0, caller, 'layers', 'to name at least one layer', selection, knownLayers(sets));
  const seen = new Set<string>();
  for (const {name} of entries) {
    check(!seen.has(name), caller, 'layers', 'to name each layer once', name);
    seen.add(name);
  }
  return entries.map(entry => resolveLayer(caller, entry, options));
}

function expand(caller: string, entry: string | MarginLayer, sets: LayerSets): MarginLayer[] {
  const layer = typeof entry === 'string' ? {name: entry} : entry;
  check(typeof layer?.name === 'string', caller, 'layers', 'to hold names or objects with a name', entry);
  if (sets.known.includes(layer.name)) return [layer];
  const isSet = layer.name === 'input' || layer.name === 'hidden' || layer.name === 'output';
  check(isSet, caller, 'layers', 'to name layers of the model', layer.name, knownLayers(sets));
  return sets[layer.name as 'input' | 'hidden' | 'output'].map(name => ({...layer, name}));
}

function knownLayers({known}: LayerSets): string {
  return `known layers: ${known.join(', ')}`;
}
