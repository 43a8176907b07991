/** A node of a GraphModel's graph, as tfjs-converter keeps it. */
export interface GraphNode {
  name: string;
  op: string;
  inputNames: string[];
  inputs: GraphNode[];
  attrParams?: Record<string, {value?: unknown}>;
  category?: string;
}

/** Operations that leave every number as it is. */
const SAME = new Set(['Identity', 'Reshape', 'Squeeze', 'ExpandDims', 'StopGradient', 'Snapshot']);
/** Operations without weights that make probabilities, or their logarithms, of probabilities. */
const BLENDS = new Set(['Add', 'AddV2', 'AddN', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'Mean', 'Log']);
const CLIPS = new Set(['ClipByValue', 'ConcatV2', 'Pack', 'Cast']);

/**
 * Finds the node before the softmax that a graph ends in, also where that is written as exp(z) / sum(exp(z)).
 *
 * @param name Of the node at the end.
 * @returns Its name; where there is no softmax at the end, the name that was given.
 */
export function logitsName(end: GraphNode, name: string): string {
  const last = skip(end);
  if (last.op === 'Softmax') return last.inputNames[0];
  const [above, below] = last.inputs;
  const isQuotient = last.op === 'RealDiv' && above?.op === 'Exp' && below?.op === 'Sum';
  if (!isQuotient || below.inputs[0] !== above) return name;
  const [z] = above.inputs;
  const isShifted = z.op === 'Sub' && z.inputs[1]?.op === 'Max' && z.inputs[1].inputs[0] === z.inputs[0];
  return isShifted ? z.inputNames[0] : above.inputNames[0];
}

/** The operation that makes a node's numbers probabilities, as they are or blended; undefined: none is known. */
export function probabilitiesIn(node: GraphNode): string | undefined {
  const {op, inputs} = node;
  if (op === 'Sigmoid' || op === 'Softmax') return node.name;
  if (!SAME.has(op) && !BLENDS.has(op) && !CLIPS.has(op)) return undefined;
  return inputs.map(probabilitiesIn).find(found => found !== undefined);
}

/** The node on the way to another that only `executeAsync` runs, through which tfjs has no gradient. */
export function asyncNode(end: GraphNode): GraphNode | undefined {
  return ancestors(end).find(({category}) => category === 'control' || category === 'dynamic');
}

/** Writes down what leads to a node: operations, their inputs and attributes, by name. */
export function graphText(end: GraphNode, name: string): string {
  const lines = ancestors(end).map(node => {
    const attributes = Object.entries(node.attrParams ?? {}).map(([key, {value}]) => [key, value ?? null]);
    return JSON.stringify([node.name, node.op, node.inputNames, attributes.sort()]);
  });
  return JSON.stringify([name, lines.sort()]);
}

/** The node itself and all that lead to it, each once. */
function ancestors(end: GraphNode): GraphNode[] {
  const seen = new Set<GraphNode>([end]);
  for (const node of seen) node.inputs.forEach(input => seen.add(input));
  return [...seen];
}

function skip(node: GraphNode): GraphNode {
  return SAME.has(node.op) && node.inputs.length > 0 ? skip(node.inputs[0]) : node;
}
