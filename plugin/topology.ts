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
 * Lists, inputs first, the layer calls that lead to an output of a model, those inside nested models among them, as
 * if every nested model were unpacked. The last call gives the output.
 */
export function callsLeadingTo(output: SymbolicTensor): LayerCall[] {
  const calls: LayerCall[] = [];
  trace(output, {path: [], inputs: new Map(), seen: new Map()}, calls);
  return calls;
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

/** A model being unpacked: what its own inputs stand for, and what was already traced. */
interface Frame {
  path: string[];
  inputs: Map<SymbolicTensor, LayerCall>;
  seen: Map<string, LayerCall>;
}

function trace(tensor: SymbolicTensor, frame: Frame, calls: LayerCall[]): LayerCall {
  const outer = frame.inputs.get(tensor);
  if (outer) return outer;
  const layer = tensor.sourceLayer;
  const key = `${layer.id}/${tensor.nodeIndex}/${tensor.tensorIndex}`;
  const known = frame.seen.get(key);
  if (known) return known;
  const inputs = layer.inboundNodes[tensor.nodeIndex].inputTensors;
  const isInput = layer.getClassName() === 'InputLayer';
  const made = isInput ? [] : inputs.map(input => trace(input, frame, calls));
  const call =
    layer instanceof LayersModel
      ? unpack(layer, tensor.tensorIndex, made, frame, calls)
      : {layer, inputs: made, output: tensor, path: frame.path, isInput};
  if (!(layer instanceof LayersModel)) calls.push(call);
  frame.seen.set(key, call);
  return call;
}

function unpack(
  model: LayersModel,
  index: number,
  inputs: LayerCall[],
  outer: Frame,
  calls: LayerCall[],
): LayerCall {
  const stands = new Map(model.inputs.map((input, i) => [input, inputs[i]]));
  const frame = {path: [...outer.path, model.name], inputs: stands, seen: new Map<string, LayerCall>()};
  return trace(model.outputs[index ?? 0], frame, calls);
}
