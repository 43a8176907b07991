import {LayersModel, type layers, type SymbolicTensor} from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** One use of a layer in a model's graph; a shared layer has several. */
export interface LayerCall {
  layer: Layer;
  inputs: LayerCall[];
  /** Shape and type of what this call gives. */
  output: SymbolicTensor;
  /** Names of the nested models around it, outermost first. */
  path: string[];
  isInput: boolean;
}

/**
 * Lists, inputs first, the layer calls that lead to any of these outputs, those inside nested models among them, as if
 * every nested model were unpacked.
 *
 * @returns The calls, and for each output the one that gives it.
 */
export function traceOutputs(outputs: SymbolicTensor[]): {calls: LayerCall[]; results: LayerCall[]} {
  const calls: LayerCall[] = [];
  const frame: Frame = {path: [], inputs: new Map(), seen: new Map(), nested: new Map()};
  return {results: outputs.map(output => trace(output, frame, calls)), calls};
}

/** The calls that lead to a call, and the call itself. */
export function ancestors(calls: LayerCall[], of: LayerCall): LayerCall[] {
  const reached = new Set([of]);
  for (const call of [...calls].reverse())
    if (reached.has(call)) call.inputs.forEach(input => reached.add(input));
  return calls.filter(call => reached.has(call));
}

/** All calls that use what one of the given calls made, directly or not. */
export function descendants(calls: LayerCall[], of: LayerCall[]): LayerCall[] {
  const reached = new Set(of);
  return calls.filter(call => {
    const isReached = call.inputs.some(input => reached.has(input));
    if (isReached) reached.add(call);
    return isReached;
  });
}

/** A model being unpacked: what its own inputs stand for, what was already traced, and the models inside it. */
interface Frame {
  path: string[];
  inputs: Map<SymbolicTensor, LayerCall>;
  seen: Map<string, LayerCall>;
  nested: Map<string, Frame>;
}

function trace(tensor: SymbolicTensor, frame: Frame, calls: LayerCall[]): LayerCall {
  const outer = frame.inputs.get(tensor);
  if (outer) return outer;
  const layer = tensor.sourceLayer;
  // One use of a layer may give several tensors.
  const key = `${layer.id}/${tensor.nodeIndex}`;
  const known = frame.seen.get(key);
  if (known) return known;
  const isInput = layer.getClassName() === 'InputLayer';
  const inputs = () =>
    layer.inboundNodes[tensor.nodeIndex].inputTensors.map(input => trace(input, frame, calls));
  if (layer instanceof LayersModel) {
    const inner = frame.nested.get(key) ?? unpack(layer, inputs(), frame);
    frame.nested.set(key, inner);
    return trace(layer.outputs[tensor.tensorIndex ?? 0], inner, calls);
  }
  const call = {layer, inputs: isInput ? [] : inputs(), output: tensor, path: frame.path, isInput};
  calls.push(call);
  frame.seen.set(key, call);
  return call;
}

function unpack(model: LayersModel, inputs: LayerCall[], {path}: Frame): Frame {
  const stands = new Map(model.inputs.map((input, i) => [input, inputs[i]]));
  return {path: [...path, model.name], inputs: stands, seen: new Map(), nested: new Map()};
}
