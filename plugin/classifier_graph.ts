import {reshape, type Tensor, type Tensor2D} from '@tensorflow/tfjs-core';
import {check} from '../src/index.js';
import type {ClassifierNet} from './classifier_layers.js';
import {asyncNode, graphText, logitsName, probabilitiesIn, type GraphNode} from './graph_logits.js';

/** What is needed of a tf.GraphModel; tfjs-converter is not imported. */
export interface GraphModelLike {
  inputs: Array<{name: string; shape?: number[]; dtype: string}>;
  outputs: Array<{name: string}>;
  outputNodes: string[];
  weights: Record<string, Tensor[]>;
  execute(inputs: Tensor, outputs?: string): Tensor | Tensor[];
}

export function isGraphModel(model: unknown): model is GraphModelLike {
  const {execute, outputNodes, outputs, inputs} = (model ?? {}) as Partial<GraphModelLike>;
  return typeof execute === 'function' && [outputNodes, outputs, inputs].every(Array.isArray);
}

/**
 * Finds the true logits of a tf.GraphModel: it is run up to the node before its final softmax.
 *
 * @param output Name of an output, or of any other node: that of the logits; undefined: the only output.
 * @throws ArgumentError for a model that has none, or whose graph cannot be looked at.
 */
export function graphNet(caller: string, model: GraphModelLike, output: string | undefined): ClassifierNet {
  const {inputs, outputNodes} = model;
  check(inputs.length === 1, caller, 'model', 'to have one input', `${inputs.length} inputs`);
  const [{shape, dtype}] = inputs;
  check(dtype === 'float32', caller, 'model', 'to have an input of float32', dtype);
  const known = `outputs: ${outputNodes.join(', ')}`;
  const isOne = output !== undefined || outputNodes.length === 1;
  check(isOne, caller, 'output', 'to name one of several outputs', output, known);
  const nodes = nodesOf(model);
  check(nodes !== undefined, caller, 'model', 'to have a graph that can be looked at', 'none');
  // An output may be called otherwise than the node that gives it.
  const place = output === undefined ? 0 : outputNodes.indexOf(output);
  const end = place >= 0 ? model.outputs[place].name : output!;
  const node = nodes[nodeName(end)];
  check(node !== undefined, caller, 'output', 'to name a node of the graph', end, known);
  const name = logitsName(node, end);
  const late = name === end && place >= 0 ? probabilitiesIn(node) : undefined;
  const wayOut = 'give the node that has the logits by the option output';
  check(!late, caller, 'output', 'to be logits or their softmax', `probabilities of ${late}`, wayOut);
  const pending = asyncNode(node);
  const wanted = 'to run at once, without control flow and shapes that depend on numbers';
  check(!pending, caller, 'model', wanted, pending && `${pending.name} (${pending.op})`);
  const weightNames = Object.keys(model.weights).sort();
  const inputShape = shape?.map(size => (size < 0 ? null : size));
  return {
    inputShape,
    logits: x => asRows([model.execute(x, name)].flat()[0], x.shape[0]),
    weights: () => weightNames.flatMap(weight => model.weights[weight]),
    topology: () => graphText(nodes[nodeName(name)], name),
  };
}

/** Of the node before a softmax over the last axis, [batch, 1, 1, classes], the rows. */
function asRows(logits: Tensor, batch: number): Tensor2D {
  const classes = logits.shape[logits.rank - 1];
  const isPlain = logits.rank > 2 && logits.shape[0] === batch && logits.size === batch * classes;
  return (isPlain ? reshape(logits, [batch, classes]) : logits) as Tensor2D;
}

function nodesOf(model: GraphModelLike): Record<string, GraphNode> | undefined {
  const {executor} = model as unknown as {executor?: {graph?: {nodes?: Record<string, GraphNode>}}};
  return executor?.graph?.nodes;
}

/** Without the number of the output that is meant. */
function nodeName(name: string): string {
  return name.split(':')[0];
}
