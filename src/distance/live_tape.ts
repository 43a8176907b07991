import {clone, engine, keep, scalar, Tensor, tidy} from '@tensorflow/tfjs-core';

/** A record of one operation on tfjs's tape. */
export type TapeNode = ReturnType<typeof engine>['state']['activeTape'][number];

/** Whether operations are being recorded, as inside `optimizer.minimize` and `tf.variableGrads`. */
export function isTapeLive(): boolean {
  const {gradientDepth, kernelDepth} = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** The live tape itself; what is done to it in place stays. */
export function liveTape(): TapeNode[] {
  return engine().state.activeTape;
}

const owners = new WeakMap<TapeNode, string>();

/** Runs f and remembers that what it records belongs to this layer, unless to one within. */
export function recordedBy<T>(layer: string, f: () => T): T {
  const before = isTapeLive() ? liveTape().length : 0;
  const result = f();
  if (isTapeLive())
    for (const node of liveTape().slice(before)) if (!owners.has(node)) owners.set(node, layer);
  return result;
}

/** The layer that recorded an operation, where one is known. */
export function ownerOf(node: TapeNode): string | undefined {
  return owners.get(node);
}

/** Runs f without recording it: its results are constants for backpropagation. */
export function withoutTape<T>(f: () => T): T {
  const {state} = engine();
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/**
 * Runs f on the live tape or, where none is live, on one of its own that ends with f.
 *
 * @returns What f returns: a tensor, or an array or record of tensors, nested as it likes.
 */
export function onLiveTape<T extends object>(f: () => T): T {
  if (isTapeLive()) return f();
  let kept: unknown;
  try {
    // The scope of gradients() keeps one tensor only: a constant here, so that nothing is walked back. Clones are
    // kept, for f may return tensors that are not its own.
    const run = () => {
      kept = mapTensors(f(), t => keep(clone(t)));
      return scalar(0);
    };
    tidy(() => void engine().gradients(run, [scalar(0)], undefined, true));
  } catch (error) {
    abandonTape();
    throw error;
  }
  // A clone belongs to the caller's scope as any new tensor does; what was kept would outlive every scope.
  const result = mapTensors(kept, t => clone(t));
  mapTensors(kept, t => (t.dispose(), t));
  return result as T;
}

function mapTensors(container: unknown, f: (t: Tensor) => Tensor): unknown {
  if (container instanceof Tensor) return f(container);
  if (Array.isArray(container)) return container.map(item => mapTensors(item, f));
  if (container === null || typeof container !== 'object') return container;
  return Object.fromEntries(Object.entries(container).map(([key, item]) => [key, mapTensors(item, f)]));
}

/** Runs f; when it throws, takes what it recorded off the live tape and frees what that saved. */
export function undoOnError<T>(f: () => T): T {
  const first = engine().state.nextTapeNodeId;
  try {
    return f();
  } catch (error) {
    const {state} = engine();
    const isOwn = (node: TapeNode) => node.id >= first;
    for (const node of (state.activeTape ?? []).filter(isOwn)) node.saved?.forEach(t => t.dispose());
    if (state.activeTape) state.activeTape = state.activeTape.filter(node => !isOwn(node));
    throw error;
  }
}

/** Frees what a tape saved after its function threw; tfjs itself keeps those tensors for ever. */
export function abandonTape(): void {
  const {state} = engine();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const node of state.activeTape) node.saved?.forEach(t => t.dispose());
  state.activeTape = [];
}

/** Does the same for the live tape as soon as its function has thrown; where the error is caught within, it is whole until then. */
export function abandonTapeSoon(): void {
  const tape = liveTape();
  queueMicrotask(() => tape.forEach(node => node.saved?.forEach(t => t.dispose())));
}

/** Copies a tensor; the copy lives until the function returns that the tape was opened for, whatever tidy is around. */
export function cloneOnTape<T extends Tensor>(x: T): T {
  const copy = clone(x);
  const {scopeStack, activeScope} = engine().state;
  // The scope in which tfjs runs what it differentiates.
  const whole = scopeStack.find(({name}) => name === 'forward');
  if (whole === undefined || whole === activeScope) return copy;
  activeScope.track = activeScope.track.filter(tensor => tensor !== copy);
  whole.track.push(copy);
  copy.scopeId = whole.id;
  return copy;
}

/**
 * Sorts the live tape so that every operation follows those that made its inputs.
 *
 * tfjs records the copy of an output that an operation saves for its gradient before the operation itself. A second
 * derivative through such a copy (softmax, tanh, sigmoid, elu, max, ...) then finds no way back and is silently
 * wrong. The order is stable: a tape in order stays as it is.
 */
export function sortLiveTape(): void {
  const tape = liveTape();
  const producers = new Map<number, TapeNode>();
  for (const node of tape) for (const output of node.outputs) producers.set(output.id, node);
  const sorted: TapeNode[] = [];
  const seen = new Set<TapeNode>();
  const visit = (node: TapeNode) => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const input of Object.values(node.inputs)) {
      const producer = producers.get(input.id);
      if (producer) visit(producer);
    }
    sorted.push(node);
  };
  tape.forEach(visit);
  sorted.forEach((node, i) => (tape[i] = node));
}

/** The operations that lie on a way from one of xs to y, the last first. */
export function nodesBetween(xs: Tensor[], y: Tensor): TapeNode[] {
  const tape = liveTape();
  const fromX = new Set(xs.map(x => x.id));
  const reached = tape.filter(node => {
    const isReached = Object.values(node.inputs).some(t => fromX.has(t.id));
    if (isReached) node.outputs.forEach(t => fromX.add(t.id));
    return isReached;
  });
  const toY = new Set([y.id]);
  return reached.reverse().filter(node => {
    const leads = node.outputs.some(t => toY.has(t.id));
    if (leads) Object.values(node.inputs).forEach(t => toY.add(t.id));
    return leads;
  });
}

/** Whether y was computed from x, as the live tape has it. */
export function leadsTo(x: Tensor, y: Tensor): boolean {
  return x.id === y.id || nodesBetween([x], y).length > 0;
}
