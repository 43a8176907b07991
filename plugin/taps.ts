import {cast, clone, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {layers, LayersModel} from '@tensorflow/tfjs-layers';
import {check, recordedBy} from '../src/index.js';
import type {MarginPlan} from './margin_plan.js';
import type {LayerCall} from './topology.js';
import {unfusedCall} from './unfused.js';

type Layer = layers.Layer;

/** What one forward pass gives. */
export interface Interception {
  /** The model's outputs, but for the classification output: there the logits stand in place of their softmax. */
  outputs: Tensor[];
  logits: Tensor2D;
  /**
   * The activations at the margin layers. They may be disposed of already: the tape, which knows them by id, is what
   * a margin needs of them.
   */
  activations: Record<string, Tensor>;
  /** What each call on the way to the logits gave; disposed of or not, likewise. */
  results: Map<LayerCall, Tensor>;
}

/**
 * Runs a model once and intercepts the activations at its margin layers and its true logits, on the live tape.
 *
 * For the time of the call each tapped layer's `call` also notes what it returns, the final softmax passes its input
 * on, and linear layers run unfused; layers inside nested models and shared layers are reached in the same way. The
 * model is left as found, also when it throws.
 */
export function intercept(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  training: boolean,
): Interception {
  const inputs = xs.map((x, i) => {
    const {dtype} = model.inputs[i];
    if (x.dtype !== dtype) return cast(x, dtype);
    // One tensor for two inputs would get the gradients of both.
    return xs.indexOf(x) === xs.lastIndexOf(x) ? x : clone(x);
  });
  const notes = new Map<Layer, Note[]>();
  const restore: Array<() => void> = [];
  let outputs: Tensor[];
  try {
    if (plan.softmax) restore.push(withoutSoftmax(plan.softmax.layer));
    for (const {layer, isInput} of plan.calls) {
      if (isInput || notes.has(layer)) continue;
      notes.set(layer, []);
      restore.push(watch(layer, notes.get(layer)!));
    }
    outputs = [model.call(inputs, {training})].flat();
  } finally {
    restore.reverse().forEach(undo => undo());
  }
  const logits = outputs[plan.outputIndex] as Tensor2D;
  const results = matchCalls(model, plan.calls, inputs, notes);
  const activationAt = (name: string): Tensor => {
    const tap = plan.taps.get(name)!;
    if ('output' in tap) return logits;
    if ('input' in tap) return inputs[tap.input];
    const result = results.get(tap.call);
    check(result !== undefined, 'LargeMarginModel', 'layers', 'to be run on the way to the scores', name);
    return result;
  };
  return {
    outputs,
    logits,
    activations: Object.fromEntries(plan.layers.map(({name}) => [name, activationAt(name)])),
    results,
  };
}

/** What went into a layer and what came out, once. */
interface Note {
  inputs: Tensor[];
  result: Tensor;
}

/** Lets a layer note what it is given and returns, and compute in operations whose gradients can be had one by one. */
function watch(layer: Layer, notes: Note[]): () => void {
  const hadOwn = Object.hasOwn(layer, 'call');
  const original = layer.call;
  const unfused = hadOwn ? undefined : unfusedCall(layer);
  layer.call = function (inputs, kwargs) {
    const given = [inputs].flat();
    const run = () => unfused?.(given[0]) ?? original.call(this, inputs, kwargs);
    const made = recordedBy(layer.name, run);
    // A layer that hands its input through would stand for what else its input leads to.
    const own = [made].flat().map(t => (given.includes(t) ? clone(t) : t));
    notes.push({inputs: given, result: own[0]});
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
 */
function matchCalls(
  model: LayersModel,
  calls: LayerCall[],
  inputs: Tensor[],
  notes: Map<Layer, Note[]>,
): Map<LayerCall, Tensor> {
  const results = new Map<LayerCall, Tensor>();
  const taken = new Set<Note>();
  for (const call of calls) {
    if (call.isInput) {
      results.set(call, inputs[model.inputs.findIndex(({sourceLayer}) => sourceLayer === call.layer)]);
      continue;
    }
    const open = notes.get(call.layer)!.filter(note => !taken.has(note));
    const fitting = open.filter(note =>
      call.inputs.every(input => note.inputs.includes(results.get(input)!)),
    );
    const readers = calls.filter(reader => reader.inputs.includes(call));
    const isRead = ({result}: Note) =>
      readers.every(reader => notes.get(reader.layer)!.some(note => note.inputs.includes(result)));
    const only = [fitting, open].find(notes => notes.length === 1)?.[0];
    const note = fitting.find(isRead) ?? only;
    if (!note) continue;
    taken.add(note);
    results.set(call, note.result);
  }
  return results;
}

/** Stands in for a softmax activation; a layer sees it as the linear one. */
const passThrough = {apply: (x: Tensor) => x, getClassName: () => 'linear', getConfig: () => ({})};

function withoutSoftmax(layer: Layer): () => void {
  // A Softmax layer keeps the function in a field of that name, all others an activation.
  const fields = layer as unknown as Record<string, unknown>;
  const [field, replacement] =
    'softmax' in fields ? ['softmax', passThrough.apply] : ['activation', passThrough];
  const original = fields[field];
  fields[field] = replacement;
  return () => {
    fields[field] = original;
  };
}
