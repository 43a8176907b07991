import {engine, type Tensor} from '@tensorflow/tfjs-core';
import {isPiecewiseConstant} from './exact_kernels.js';
import {liveTape, ownerOf, type TapeNode} from './live_tape.js';

/** Makes the error for an operation that cannot be walked through exactly, of its name and the reason. */
export type Refuse = (operation: string, why: string) => Error;

/**
 * Runs a walk that goes through operations whose second derivative nobody has compared with finite differences: the
 * user's own, and the rarer ones of tfjs. Such an operation is taken when its gradient is built of operations that
 * have gradients themselves, on nothing but tensors that the tape knows; any other would give a wrong number.
 *
 * @throws What refuse makes of the operation's name, with its layer, and what is in the way.
 */
export function throughUnproven<T>(nodes: TapeNode[], walk: () => T, refuse: Refuse): T {
  const originals = nodes.map(node => node.gradient);
  for (const node of nodes) node.gradient = guarded(node, refuse);
  try {
    return walk();
  } finally {
    nodes.forEach((node, i) => (node.gradient = originals[i]));
  }
}

function guarded(node: TapeNode, refuse: Refuse): TapeNode['gradient'] {
  const {gradient} = node;
  if (!gradient) throw refuse(nameOf(node), 'it has no gradient');
  return dys => {
    // A user's gradient is computed at once, tfjs's own when a slope is asked for.
    const slopes = watched(node, refuse, () => gradient(dys));
    const late = Object.entries(slopes).map(([name, slope]) => [name, () => watched(node, refuse, slope)]);
    return Object.fromEntries(late);
  };
}

function watched<T>(node: TapeNode, refuse: Refuse, compute: () => T): T {
  const first = liveTape().length;
  const result = withoutReading(compute, () => {
    throw refuse(nameOf(node), 'its gradient reads values, which no derivative goes through');
  });
  const recorded = liveTape().slice(first);
  for (const {kernelName, gradient} of recorded) {
    if (gradient || isPiecewiseConstant(kernelName)) continue;
    throw refuse(nameOf(node), `its gradient uses ${kernelName}, which has none of its own`);
  }
  if (recorded.some(own => Object.values(own.inputs).some(t => isOffTape(t, node)))) {
    const why =
      'its gradient uses a tensor that its forward pass computed off the tape: save inputs and outputs only';
    throw refuse(nameOf(node), why);
  }
  return result;
}

/** Whether a tensor was made within an operation's forward pass: nothing leads from it back to the inputs. */
function isOffTape(t: Tensor, node: TapeNode): boolean {
  const producer = liveTape().find(({outputs}) => outputs.some(({id}) => id === t.id));
  const [source] = producer ? Object.values(producer.inputs) : [];
  const isCopy = source !== undefined && source.dataId === t.dataId && source.rank === t.rank;
  if (isCopy) return isOffTape(source, node);
  const idsOf = (tensors: Tensor[]) => tensors.map(({id}) => id);
  const [inputs, outputs] = [idsOf(Object.values(node.inputs)), idsOf(node.outputs)];
  if (producer || inputs.includes(t.id) || outputs.includes(t.id)) return false;
  const last = Math.max(...outputs, ...idsOf(node.saved ?? []));
  return t.id > Math.max(...inputs) && t.id < last;
}

/** Runs f; a tensor whose numbers are read meanwhile calls onRead instead. */
function withoutReading<T>(f: () => T, onRead: () => never): T {
  const reader = engine() as unknown as Record<'read' | 'readSync', unknown>;
  const found = (['read', 'readSync'] as const).map(
    key => [key, Object.getOwnPropertyDescriptor(reader, key)] as const,
  );
  for (const [key] of found) reader[key] = onRead;
  try {
    return f();
  } finally {
    for (const [key, descriptor] of found) {
      if (descriptor) Object.defineProperty(reader, key, descriptor);
      else delete reader[key];
    }
  }
}

/** An operation's name, with that of its layer. */
export function nameOf(node: TapeNode): string {
  const owner = ownerOf(node);
  return `${node.kernelName || '(a custom gradient)'}${owner === undefined ? '' : ` (layer ${owner})`}`;
}
