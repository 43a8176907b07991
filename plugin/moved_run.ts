import {cast, clone, keep, tidy, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {withKernels} from './kernel_scope.js';
import {activationsAt, matchCalls, watchLayers, type LayerNotes} from './layer_notes.js';
import type {MarginPlan} from './margin_plan.js';
import {withoutSoftmax} from './softmax_tap.js';
import type {LayerCall} from './topology.js';

type Layer = LayerCall['layer'];

/** Where an activation can be moved: an input, the logits, or what the occurrence-th run of a layer gives. */
export type Place = {input: number} | {output: true} | {layer: Layer; occurrence: number};

/** The activations at the margin layers, by name, each [batch, ...], and where each is to be moved. */
export interface SeenActivations {
  activations: Record<string, Tensor>;
  places: Record<string, Place>;
}

/** Runs a model as at inference, without a tape, and gives the activations at its margin layers; the caller disposes of them. */
export function seeActivations(model: LayersModel, plan: MarginPlan, xs: Tensor[]): SeenActivations {
  const copies = new Map<Tensor, Tensor>();
  const see = (layer: Layer, made: Tensor) => {
    if (plan.sources.some(call => call.layer === layer)) copies.set(made, keep(clone(made)));
    return made;
  };
  try {
    let places: Record<string, Place> = {};
    const activations = tidy(() => {
      const {inputs, logits, notes} = run(model, plan, xs, see);
      const indexOf = (call: LayerCall) =>
        model.inputs.findIndex(({sourceLayer}) => sourceLayer === call.layer);
      const fed = plan.calls.filter(call => call.isInput).map(call => [call, inputs[indexOf(call)]] as const);
      const results = matchCalls(plan.calls, new Map(fed), notes);
      const found = activationsAt('LargeMarginModel', model, plan, results, logits);
      places = Object.fromEntries(plan.layers.map(({name}) => [name, placeOf(plan, name, results, notes)]));
      const entries = Object.entries(found);
      return Object.fromEntries(entries.map(([name, t]) => [name, clone(copies.get(t) ?? t)]));
    });
    return {activations, places};
  } finally {
    copies.forEach(copy => copy.dispose());
  }
}

/**
 * Runs a model as at inference with one activation moved, whatever the net is like after it: what comes before is computed
 * again.
 *
 * @param activation Where it is moved to, [batch, ...].
 * @returns Logits [batch, classes].
 */
export function logitsMoved(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  place: Place,
  activation: Tensor,
): Tensor2D {
  if ('output' in place) return clone(activation) as Tensor2D;
  return tidy(() => {
    const moved = 'input' in place ? xs.map((x, i) => (i === place.input ? activation : x)) : xs;
    let runs = 0;
    // A clone: at inference tfjs lets go of what layers made as soon as it was used.
    const move = (layer: Layer, made: Tensor) =>
      'layer' in place && layer === place.layer && runs++ === place.occurrence ? clone(activation) : made;
    return clone(run(model, plan, moved, move).logits);
  });
}

function placeOf(plan: MarginPlan, name: string, results: Map<LayerCall, Tensor>, notes: LayerNotes): Place {
  const tap = plan.taps.get(name)!;
  if (!('call' in tap)) return tap;
  const {layer} = tap.call;
  const isOfCall = ({result}: {result: Tensor}) => result === results.get(tap.call);
  return {layer, occurrence: notes.get(layer)!.findIndex(isOfCall)};
}

/** One forward pass in which `see` is shown, and may replace, what each layer on the way to the logits makes. */
function run(
  model: LayersModel,
  plan: MarginPlan,
  xs: Tensor[],
  see: (layer: Layer, made: Tensor) => Tensor,
): {inputs: Tensor[]; logits: Tensor2D; notes: LayerNotes} {
  const inputs = xs.map((x, i) => {
    const {dtype} = model.inputs[i];
    if (x.dtype !== dtype) return cast(x, dtype);
    return xs.indexOf(x) === xs.lastIndexOf(x) ? x : clone(x);
  });
  const restoreSoftmax = plan.softmax && withoutSoftmax(plan.softmax.layer);
  const {notes, restore} = watchLayers(plan.calls);
  const undo = [...notes.keys()].map(layer => {
    const noted = layer.call;
    layer.call = function (...args) {
      const made = noted.apply(this, args);
      return Array.isArray(made) ? [see(layer, made[0]), ...made.slice(1)] : see(layer, made);
    };
    return () => void (layer.call = noted);
  });
  try {
    const outputs = [withKernels(() => model.call(inputs, {training: false}))].flat();
    return {inputs, logits: outputs[plan.outputIndex] as Tensor2D, notes};
  } finally {
    undo.forEach(putBack => putBack());
    restore();
    restoreSoftmax?.();
  }
}
