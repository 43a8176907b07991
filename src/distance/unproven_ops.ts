import {engine, scalar, Tensor, tidy} from '@tensorflow/tfjs-core';
import {isPiecewiseConstant} from './exact_kernels.js';
import {liveTape, ownerOf, type TapeNode} from './live_tape.js';

/**
 * Makes the error for an operation that cannot be walked through, of its name and the reason; not even once where tfjs
 * has no first derivative of it, or a wrong one.
 */
export type Refuse = (operation: string, why: string, notEvenOnce?: boolean) => Error;

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
  const end = firstIdAfter(node);
  return dys => {
    const given = new Set([...Object.values(node.inputs), ...node.outputs, ...dys].map(({id}) => id));
    const isForeign = (t: Tensor) => isOffTape(t, node, given, end);
    // A user's gradient is computed at once, tfjs's own when a slope is asked for.
    const slopes = watched(node, refuse, isForeign, () => gradient!(dys));
    const late = Object.entries(slopes).map(([name, slope]) => [
      name,
      () => watched(node, refuse, isForeign, slope),
    ]);
    return Object.fromEntries(late);
  };
}

function watched<T>(node: TapeNode, refuse: Refuse, isForeign: (t: Tensor) => boolean, compute: () => T): T {
  const first = liveTape().length;
  const result = withoutReading(compute, () => {
    throw refuse(nameOf(node), 'its gradient reads values, which no derivative goes through');
  });
  const recorded = liveTape().slice(first);
  for (const {kernelName, gradient} of recorded) {
    if (gradient || isPiecewiseConstant(kernelName)) continue;
    throw refuse(nameOf(node), `its gradient uses ${kernelName}, which has none of its own`);
  }
  const used = recorded.flatMap(({inputs}) => Object.values(inputs));
  if ((result instanceof Tensor ? [...used, result] : used).some(isForeign)) {
    const why =
      'its gradient uses a tensor that its forward pass computed off the tape: save inputs and outputs only';
    throw refuse(nameOf(node), why);
  }
  return result;
}

/**
 * Whether a tensor was made within an operation's forward pass: nothing leads from it back to the inputs.
 *
 * @param given Ids of what a gradient may use: the operation's inputs and outputs, and the slopes it is given.
 * @param end The first id that is too late for the forward pass.
 */
function isOffTape(t: Tensor, node: TapeNode, given: Set<number>, end: number): boolean {
  const producer = liveTape().find(({outputs}) => outputs.some(({id}) => id === t.id));
  const [source] = producer ? Object.values(producer.inputs) : [];
  const isCopy = source !== undefined && source.dataId === t.dataId && source.rank === t.rank;
  if (isCopy) return isOffTape(source, node, given, end);
  if (producer || given.has(t.id)) return false;
  return t.id > Math.max(...Object.values(node.inputs).map(({id}) => id)) && t.id < end;
}

/** The id of the first tensor that was recorded after an operation, or the next one that will be made. */
function firstIdAfter(node: TapeNode): number {
  const later = liveTape().filter(({id}) => id > node.id);
  const ids = later.flatMap(({outputs}) => outputs.map(({id}) => id));
  return ids.reduce(
    (first, id) => Math.min(first, id),
    tidy(() => scalar(0).id),
  );
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

/** Names of scopes, which tf.customGrad leaves in the place of an operation's. */
const SCOPES = ['', 'unnamed scope', 'forward', 'backward'];

/** An operation's name, with that of its layer. */
export function nameOf(node: TapeNode): string {
  const owner = ownerOf(node);
  const name = SCOPES.includes(node.kernelName) ? '(a custom gradient)' : node.kernelName;
  return `${name}${owner === undefined ? '' : ` (layer ${owner})`}`;
}
