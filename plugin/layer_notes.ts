import {clone, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {layers, LayersModel} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, recordedBy} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';
import type {LayerCall} from './topology.js';
import {unfusedCall} from './unfused.js';

type Layer = layers.Layer;

/** What went into a layer and what came out, once. */
interface Note {
  inputs: Tensor[];
  result: Tensor;
  /** The result and, of a layer that returns several tensors, the others. */
  made: Tensor[];
}

/** What each layer noted, in the order in which it was run. */
export type LayerNotes = Map<Layer, Note[]>;

/** Lets the layers of these calls note what they are given and return, until `restore`. */
export function watchLayers(calls: LayerCall[]): {notes: LayerNotes; restore: () => void} {
  const notes: LayerNotes = new Map();
  const undo: Array<() => void> = [];
  for (const {layer, isInput} of calls) {
    if (isInput || notes.has(layer)) continue;
    notes.set(layer, []);
    undo.push(watch(layer, notes.get(layer)!));
  }
  return {notes, restore: () => undo.reverse().forEach(putBack => putBack())};
}

/** Lets a layer note what it is given and returns, and compute in operations whose gradients can be had one by one. */
function watch(layer: Layer, notes: Note[]): () => void {
  const hadOwn = Object.hasOwn(layer, 'call');
  const original = layer.call;
  const unfused = hadOwn ? undefined : unfusedCall(layer);
  layer.call = function (inputs, kwargs) {
    // A recurrent layer is given the states that it starts from apart from its input.
    const {initialState = [], constants = []} = (kwargs ?? {}) as Record<string, Tensor[] | undefined>;
    const given = [inputs, initialState, constants].flat();
    const run = () => unfused?.(given[0]) ?? original.call(this, inputs, kwargs);
    const made = recordedBy(layer.name, run);
    // A layer that hands its input through would stand for what else its input leads to.
    const own = [made].flat().map(t => (given.includes(t) ? clone(t) : t));
    notes.push({inputs: given, result: own[0], made: own});
    return Array.isArray(made) ? own : own[0];
  };
  return () => {
    if (hadOwn) layer.call = original;
    else delete (layer as Partial<Layer>).call;
  };
}

/**
 * Tells which use of a layer gave which tensor, by what went in and, where two uses have the same input, by who reads
 * it: tfjs runs the uses of a shared layer in any order.
 *
 * @param inputs What was fed to each input.
 */
export function matchCalls(
  calls: LayerCall[],
  inputs: Map<LayerCall, Tensor>,
  notes: LayerNotes,
): Map<LayerCall, Tensor> {
  const results = new Map<LayerCall, Tensor>(inputs);
  const matched = new Map<LayerCall, Note>();
  const taken = new Set<Note>();
  const isGiven = (note: Note, tensors: Tensor[]) => tensors.some(tensor => note.inputs.includes(tensor));
  const madeBy = (call: LayerCall) => matched.get(call)?.made ?? [results.get(call)!];
  for (const call of calls) {
    if (call.isInput) continue;
    const open = notes.get(call.layer)!.filter(note => !taken.has(note));
    const fitting = open.filter(note => call.inputs.every(input => isGiven(note, madeBy(input))));
    const readers = calls.filter(reader => reader.inputs.includes(call));
    const isRead = ({made}: Note) =>
      readers.every(reader => notes.get(reader.layer)!.some(note => isGiven(note, made)));
    const only = [fitting, open].find(notes => notes.length === 1)?.[0];
    const note = fitting.find(isRead) ?? only;
    if (!note) continue;
    taken.add(note);
    matched.set(call, note);
    results.set(call, note.result);
  }
  return results;
}

/**
 * Finds what was fed to the inputs of a model that somebody else ran, once: tensors that layers were given and none
 * returned; of several, the one at the place where a layer that ran once reads that input.
 *
 * @throws ArgumentError where the model was not run, or not once.
 */
export function findInputs(caller: string, calls: LayerCall[], notes: LayerNotes): Map<LayerCall, Tensor> {
  checkOnce(caller, calls, notes);
  const inputs = calls.filter(call => call.isInput);
  const found = new Map<LayerCall, Tensor>();
  for (const input of inputs) {
    const reader = calls.find(call => call.inputs.includes(input) && notes.get(call.layer)!.length === 1);
    const place = reader && notes.get(reader.layer)![0].inputs[reader.inputs.indexOf(input)];
    if (place) found.set(input, place);
  }
  const all = [...notes.values()].flat();
  const made = new Set(all.flatMap(note => note.made));
  const fed = [...new Set(all.flatMap(note => note.inputs))].filter(tensor => !made.has(tensor));
  // What only shared layers read is told apart by what the rest of the net made of it.
  const open = inputs.filter(input => !found.has(input));
  const free = fed.filter(tensor => ![...found.values()].includes(tensor));
  const areApart = new Set(found.values()).size === found.size;
  for (const order of areApart ? permutations(free, open.length) : []) {
    const tried = new Map([...found, ...open.map((input, i) => [input, order[i]] as const)]);
    if (fits(calls, matchCalls(calls, tried, notes), notes)) return tried;
  }
  const wanted = `to be fed by a tensor of its own for each of ${inputs.length} input(s)`;
  throw new ArgumentError(caller, 'model', wanted, `${fed.length} tensor(s)`);
}

/** Checks that a model ran once: layers that other outputs share may have run for those too, but not all of them. */
function checkOnce(caller: string, calls: LayerCall[], notes: LayerNotes): void {
  const counts = new Map<Layer, number>();
  for (const {layer, isInput} of calls) if (!isInput) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  const runs = Math.min(...[...counts].map(([layer, count]) => notes.get(layer)!.length / count));
  const wayOut = 'call optimizer.observe({labels, logits, activations}) where a step runs it otherwise';
  const wanted = 'to be run once in a step, with {training: true}';
  check(runs === 1, caller, 'model', wanted, `${runs} runs`, wayOut);
}

/** Whether every use of a layer was given, place by place, what the uses before it returned. */
function fits(calls: LayerCall[], results: Map<LayerCall, Tensor>, notes: LayerNotes): boolean {
  const noteOf = (call: LayerCall) =>
    call.isInput ? undefined : notes.get(call.layer)!.find(({result}) => result === results.get(call));
  return calls.every(call => {
    if (call.isInput) return true;
    const note = noteOf(call);
    const isGiven = (input: LayerCall, i: number) =>
      (noteOf(input)?.made ?? [results.get(input)]).includes(note!.inputs[i]);
    return note !== undefined && call.inputs.every(isGiven);
  });
}

function permutations<T>(items: T[], count: number): T[][] {
  if (count === 0) return [[]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)], count - 1).map(rest => [item, ...rest]),
  );
}

/** The activations at the margin layers, by name. */
export function activationsAt(
  caller: string,
  model: LayersModel,
  plan: MarginPlan,
  results: Map<LayerCall, Tensor>,
  logits: Tensor2D,
): Record<string, Tensor> {
  const inputAt = (index: number) => plan.calls.find(({layer}) => layer === model.inputs[index].sourceLayer);
  const activationAt = (name: string): Tensor => {
    const tap = plan.taps.get(name)!;
    if ('output' in tap) return logits;
    const result = results.get('input' in tap ? inputAt(tap.input)! : tap.call);
    check(result !== undefined, caller, 'layers', 'to be run on the way to the scores', name);
    return result;
  };
  return Object.fromEntries(plan.layers.map(({name}) => [name, activationAt(name)]));
}
