import {
  add,
  cast,
  mul,
  reshape,
  sigmoid,
  stack,
  step,
  square,
  sub,
  sum,
  tidy,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import {nodesBetween, type TapeNode} from './live_tape.js';

/** The slope of a node's input, folded [directions, batch, ...], of that of its output; undefined: not to be had. */
type Fold = (dy: Tensor, node: TapeNode, input: Tensor) => Tensor | undefined;

/** What an operation saved for its gradient: its input or, for those that are written with it, its output. */
const saved = (node: TapeNode) => node.saved![0];

const FOLDS: Record<string, Fold> = {
  Add: dy => dy,
  // The saved factors: an input, such as dropout's mask, may have been disposed of since.
  Multiply: (dy, {inputs, saved}, input) => mul(dy, saved![inputs.a.id === input.id ? 1 : 0]),
  BatchMatMul: (dy, node, input) => {
    const [directions, batch, units] = dy.shape;
    // tfjs's own gradient: it knows whether the matrix was transposed, and does not mind more rows.
    const rows = node.gradient!([reshape(dy, [directions * batch, units])]).a();
    // A square activation that was transposed itself has as many rows as its product: no shape but this one tells.
    if (rows.shape[0] !== directions * batch) return undefined;
    return reshape(rows, [directions, ...input.shape]);
  },
  Reshape: (dy, _, input) => reshape(dy, [dy.shape[0], ...input.shape]),
  Identity: dy => dy,
  Relu: (dy, node) => mul(dy, cast(step(saved(node)), 'float32')),
  Tanh: (dy, node) => mul(dy, sub(1, square(saved(node)))),
  Sigmoid: (dy, node) => mul(dy, mul(saved(node), sub(1, saved(node)))),
  Softplus: (dy, node) => mul(dy, sigmoid(saved(node))),
  Softmax: (dy, node) => {
    const weighted = mul(dy, saved(node));
    return sub(weighted, mul(sum(weighted, -1, true), saved(node)));
  },
};

/**
 * Walks back in all directions at once, where dense layers, activations and reshapes are all there is between the
 * activations and the scores: the directions are one more dimension of each operation. For a margin at the last
 * hidden layer this is a product with the weight matrix of the scores and nothing else.
 *
 * @param scores [batch, classes].
 * @param activations On the way to the scores.
 * @param directions Each [batch, classes].
 * @returns The gradients at the activations, each [directions x batch, ...]; undefined where anything else is between.
 */
export function foldedWalk(
  scores: Tensor2D,
  activations: Tensor[],
  directions: Tensor2D[],
): Tensor[] | undefined {
  const path = nodesBetween(activations, scores);
  const isVariable = new Set([...activations, ...path.flatMap(node => node.outputs)].map(t => t.id));
  const variablesOf = (node: TapeNode) => Object.values(node.inputs).filter(t => isVariable.has(t.id));
  if (!path.every(node => isFoldable(node, variablesOf(node)))) return undefined;
  return tidy(() => {
    const slopes = new Map<number, Tensor>([[scores.id, stack(directions)]]);
    for (const node of path) {
      const dy = slopes.get(node.outputs[0].id);
      if (!dy) return undefined;
      for (const input of variablesOf(node)) {
        const slope = FOLDS[node.kernelName](dy, node, input);
        if (!slope) return undefined;
        const others = slopes.get(input.id);
        slopes.set(input.id, others ? add(others, slope) : slope);
      }
    }
    const found = activations.map(({id}) => slopes.get(id));
    if (!found.every(slope => slope !== undefined)) return undefined;
    return found.map(slope => {
      const [count, batch, ...rest] = slope.shape;
      return reshape(slope, [count * batch, ...rest]);
    });
  });
}

function isFoldable(node: TapeNode, variables: Tensor[]): boolean {
  const [output] = node.outputs;
  if (!Object.hasOwn(FOLDS, node.kernelName)) return false;
  // One tensor twice, as in x * x, would need both slopes.
  if (new Set(variables).size !== variables.length) return false;
  const isAlone = variables.length === 1;
  const keepsShape = variables.every(({shape}) => shape.join() === output.shape.join());
  switch (node.kernelName) {
    case 'BatchMatMul':
      return (
        isAlone &&
        variables[0] === node.inputs.a &&
        output.rank === 2 &&
        node.inputs.b.rank === 2 &&
        variables[0].shape[0] === output.shape[0]
      );
    case 'Reshape':
      return variables[0].shape[0] === output.shape[0];
    case 'Multiply':
      return isAlone && keepsShape;
    default:
      return keepsShape;
  }
}
