import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {ArgumentError, check, checkClasses, resolveOptions, selectLayers} from '../src/index.js';
import type {MarginOptions, ResolvedLayer, ResolvedOptions} from '../src/index.js';
import {
  activationOf,
  isActivation,
  isNormalization,
  isReshape,
  isSoftmax,
  whyNotExact,
} from './layer_kinds.js';
import {everyCall, isCalledLikeASet, markedLayers, nameTaps, namesOf, type Tap} from './tap_names.js';
import {siteSettings} from './margin_sites.js';
import {ancestors, descendants, traceOutputs, type LayerCall} from './topology.js';

/** Everything about a model and its margin options that does not change from batch to batch. */
export interface MarginPlan {
  options: ResolvedOptions;
  /** The margin layers with their settings, in the order they were asked for. */
  layers: ResolvedLayer[];
  /** What is intercepted, by the name of the margin layer; 'output' is the logits. */
  taps: Map<string, Tap>;
  /** The index of the classification output among the model's outputs. */
  outputIndex: number;
  classes: number;
  /** All layer calls that lead to the classification output. */
  calls: LayerCall[];
  /** Those of them that give a margin layer. */
  sources: LayerCall[];
  /** The call whose softmax turns logits into the output; undefined: the output is the logits. */
  softmax?: LayerCall;
}

/** Options of a LargeMarginModel: a margin, and which output it is for where a model has several. */
export interface LargeMarginModelOptions extends MarginOptions {
  /** Name of the classification output (its layer); needed where the model has several outputs. */
  output?: string;
}

/**
 * Finds the margin layers of a model and checks that a margin can be had there.
 *
 * @throws ArgumentError for a bad option, an unknown layer, one that is not on the way to the scores, an integer
 *     layer, an output that is no classifier, and in exact mode for a layer without a trusted second derivative.
 */
export function planMargin(caller: string, model: LayersModel, options: LargeMarginModelOptions): MarginPlan {
  const isObject = options !== null && typeof options === 'object';
  check(isObject, caller, 'options', 'to be an object with gamma', options);
  const {output, ...marginOptions} = options;
  const resolved = resolveOptions(caller, marginOptions, ['output']);
  check(
    resolved.step === undefined,
    caller,
    'step',
    'to be left out, for steps are counted here',
    resolved.step,
  );
  // A Sequential model puts itself together when it is first used.
  if (!model.built) model.build(undefined as never);
  const outputIndex = findOutput(caller, model, output);
  const symbolic = model.outputs[outputIndex];
  check(symbolic.shape.length === 2, caller, 'output', 'of shape [batch, classes]', `[${symbolic.shape}]`);
  const classes = symbolic.shape[1] ?? 0;
  checkClasses(caller, classes, resolved.topK);
  const {calls: all, results} = traceOutputs(model.outputs);
  const calls = ancestors(all, results[outputIndex]);
  const chain = scoreChain(results[outputIndex], classes);
  const softmax = chain.find(call => isSoftmax(call) && lastSize(call) === classes);
  if (softmax) checkSoftmax(caller, softmax, chain, all, results, outputIndex);
  const taps = nameTaps(model, calls);
  const sets = {
    known: [...taps.keys()].filter(name => name !== 'input' && name !== 'output'),
    input: namesOf(
      taps,
      calls.filter(call => call.isInput),
      model,
    ),
    hidden: namesOf(taps, hiddenCalls(calls, chain), model),
    output: ['output'],
  };
  // A layer that is really called 'input' or 'output' comes before the set of that name.
  for (const call of calls) if (isCalledLikeASet(call)) sets.known.push(call.layer.name);
  checkOffPath(caller, options.layers, model, sets.known);
  const selected = selectLayers(caller, marginOptions.layers ?? markedLayers(taps), sets, resolved);
  const layers = selected.flatMap(layer => everyCall(layer, taps));
  checkOnce(caller, layers, taps);
  for (const {name} of layers) checkFloat(caller, name, taps.get(name)!, model, calls);
  const sources = callsAt(
    model,
    calls,
    layers.map(({name}) => taps.get(name)!),
  );
  if (softmax) checkBefore(caller, softmax, calls, sources);
  if (resolved.gradient === 'exact') checkExact(caller, calls, sources);
  return {options: resolved, layers, taps, outputIndex, classes, calls, sources, softmax};
}

function findOutput(caller: string, model: LayersModel, name: string | undefined): number {
  const names = model.outputNames;
  const wayOut = `outputs: ${names.join(', ')}`;
  if (name === undefined) {
    check(names.length === 1, caller, 'output', 'to name one of several outputs', name, wayOut);
    return 0;
  }
  const index = names.indexOf(name);
  check(index >= 0, caller, 'output', 'to name an output of the model', name, wayOut);
  return index;
}

/** From the output back to the layer that makes the logits: softmax and reshapes on the way, and that layer. */
function scoreChain(result: LayerCall, classes: number): LayerCall[] {
  const chain: LayerCall[] = [];
  let softmaxSeen = false;
  for (let call = result; ; call = call.inputs[0]) {
    chain.push(call);
    const isSoftmaxLayer =
      !softmaxSeen && isSoftmax(call) && isActivation(call.layer) && lastSize(call) === classes;
    softmaxSeen ||= isSoftmax(call);
    if (!(isReshape(call.layer) || isSoftmaxLayer) || call.inputs.length !== 1) return chain;
  }
}

function lastSize({output}: LayerCall): number | null {
  return output.shape[output.shape.length - 1];
}

/** The final softmax passes logits on while a margin is measured: nothing else may want its probabilities. */
function checkSoftmax(
  caller: string,
  softmax: LayerCall,
  chain: LayerCall[],
  all: LayerCall[],
  results: LayerCall[],
  outputIndex: number,
): void {
  const after = chain.slice(0, chain.indexOf(softmax) + 1);
  const isShared = all.filter(call => call.layer === softmax.layer).length > 1;
  const isRead = all.some(call => !after.includes(call) && call.inputs.some(input => after.includes(input)));
  const isOutput = results.some((result, i) => i !== outputIndex && after.includes(result));
  const wanted = 'to end in a softmax that nothing else uses';
  const wayOut = 'wrap a model that ends in the logits';
  check(!(isShared || isRead || isOutput), caller, 'output', wanted, softmax.layer.name, wayOut);
}

/** While a margin is measured the final softmax passes logits on: behind it are no activations of the net. */
function checkBefore(caller: string, softmax: LayerCall, calls: LayerCall[], sources: LayerCall[]): void {
  const after = descendants(calls, [softmax]);
  const late = sources.find(call => after.includes(call));
  const wayOut = "choose 'output' for the logits";
  check(
    !late,
    caller,
    'layers',
    `to come before the softmax ${softmax.layer.name}`,
    late?.layer.name,
    wayOut,
  );
}

/** One activation may have several names; it still counts once. */
function checkOnce(caller: string, layers: ResolvedLayer[], taps: Map<string, Tap>): void {
  const seen = new Set<unknown>();
  for (const {name} of layers) {
    const tap = taps.get(name)!;
    const place = 'input' in tap ? tap.input : 'call' in tap ? tap.call : 'output';
    check(!seen.has(place), caller, 'layers', 'to name each layer once', name);
    seen.add(place);
  }
}

/** Each activation that follows a layer with weights: batch norm and activation in between are passed through. */
function hiddenCalls(calls: LayerCall[], chain: LayerCall[]): LayerCall[] {
  const found = new Set<LayerCall>();
  for (const call of calls) {
    const {layer} = call;
    if (layer.weights.length === 0 || isNormalization(layer) || isActivation(layer)) continue;
    const activated = activationOf(layer) === 'linear' ? followActivation(call, calls) : call;
    if (!chain.includes(activated)) found.add(activated);
  }
  return [...found];
}

function followActivation(call: LayerCall, calls: LayerCall[]): LayerCall {
  for (;;) {
    const users = calls.filter(({inputs}) => inputs.includes(call));
    if (users.length !== 1 || !isPassedThrough(users[0].layer)) return call;
    call = users[0];
    if (isActivation(call.layer)) return call;
  }
}

function isPassedThrough(layer: LayerCall['layer']): boolean {
  return isNormalization(layer) || isActivation(layer) || siteSettings(layer) !== undefined;
}

function checkOffPath(
  caller: string,
  selection: MarginOptions['layers'],
  model: LayersModel,
  known: string[],
): void {
  if (!Array.isArray(selection)) return;
  const all = new Set(model.layers.map(layer => layer.name));
  for (const entry of selection) {
    const name = typeof entry === 'string' ? entry : entry?.name;
    const isOff =
      all.has(name) &&
      !known.includes(name) &&
      !model
        .getLayer(name)
        .getClassName()
        .match(/Model|Sequential|Functional/);
    check(
      !isOff,
      caller,
      'layers',
      'to be on the way from the input to the scores',
      name,
      `known layers: ${known.join(', ')}`,
    );
  }
}

/** Distances are measured where gradients arrive: not at integers, and not at the ids that an Embedding looks up. */
function checkFloat(caller: string, name: string, tap: Tap, model: LayersModel, calls: LayerCall[]): void {
  if ('output' in tap) return;
  const symbolic = 'input' in tap ? model.inputs[tap.input] : tap.call.output;
  const usersOf = (place: SymbolicTensor): LayerCall[] =>
    calls
      .filter(({inputs}) => inputs.some(input => input.output === place))
      .flatMap(call => (isReshape(call.layer) ? usersOf(call.output) : [call]));
  const users = usersOf(symbolic);
  const isIds = users.length > 0 && users.every(({layer}) => layer.getClassName() === 'Embedding');
  const wayOut = 'choose the embedding itself, or a layer after it';
  check(
    symbolic.dtype === 'float32' && !isIds,
    caller,
    'layers',
    'to be float32',
    `${name} (integers)`,
    wayOut,
  );
}

/** The calls that give the margin layers; the logits are none. */
function callsAt(model: LayersModel, calls: LayerCall[], taps: Tap[]): LayerCall[] {
  return taps.flatMap(tap => {
    if ('output' in tap) return [];
    return 'call' in tap
      ? [tap.call]
      : calls.filter(call => call.layer === model.inputs[tap.input].sourceLayer);
  });
}

function checkExact(caller: string, calls: LayerCall[], sources: LayerCall[]): void {
  for (const call of descendants(calls, sources)) {
    const why = whyNotExact(call);
    if (why === undefined) continue;
    const wanted = `'firstOrder' for a net with the layer ${call.layer.name} (${why})`;
    throw new ArgumentError(caller, 'gradient', wanted, 'exact', 'or choose margin layers after it');
  }
}
