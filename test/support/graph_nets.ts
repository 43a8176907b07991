import {io, type Tensor} from '@tensorflow/tfjs-core';
import {loadGraphModel, type GraphModel} from '@tensorflow/tfjs-converter';

/** A node as tfjs-converter writes it. */
export interface PlainNode {
  name: string;
  op: string;
  input?: string[];
  attr?: object;
}

const float = {T: {type: 'DT_FLOAT'}, dtype: {type: 'DT_FLOAT'}};
const toShape = (shape: number[]) => ({shape: {dim: shape.map(size => ({size: String(size)}))}});

/** An input of float32, -1 for any size. */
export function placeholder(name: string, shape: number[], type = 'DT_FLOAT'): PlainNode {
  return {name, op: 'Placeholder', attr: {dtype: {type}, shape: toShape(shape)}};
}

export function operation(name: string, op: string, input: string[], attr: object = {}): PlainNode {
  return {name, op, input, attr: {...float, ...attr}};
}

/** Axes to sum over, as a constant of its own. */
export const keepDims = {keep_dims: {b: true}};

/** Makes a tf.GraphModel of nodes and constants; constants may be disposed of afterwards. */
export async function graphModel(nodes: PlainNode[], constants: Record<string, Tensor>): Promise<GraphModel> {
  const names = Object.keys(constants);
  const type = (t: Tensor) => (t.dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT');
  const ofConstants = names.map(name => ({
    ...{name, op: 'Const'},
    attr: {dtype: {type: type(constants[name])}, value: {tensor: {tensorShape: {}}}},
  }));
  const {data, specs} = await io.encodeWeights(constants);
  const modelTopology = {node: [...ofConstants, ...nodes], library: {}, versions: {producer: 1}};
  const artifacts = {modelTopology, weightSpecs: specs, weightData: data, format: 'graph-model'};
  return loadGraphModel(io.fromMemory(artifacts));
}
