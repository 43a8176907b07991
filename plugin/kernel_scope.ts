import {explainMissingKernel} from './missing_kernel.js';

/** Puts something in the place of what tfjs has, and returns what puts it back. */
export type Install = () => () => void;

const installs = new Set<Install>();
let depth = 0;

/**
 * From now on puts these in place while code runs inside `withKernels`.
 *
 * @returns What takes them off the list again.
 */
export function addScopedKernels(install: Install): () => void {
  installs.add(install);
  return () => void installs.delete(install);
}

/** Runs f with all scoped kernels in place; whatever f does, tfjs is as before afterwards. Errors say the way out. */
export function withKernels<T>(f: () => T): T {
  if (depth > 0) return f();
  const undo: Array<() => void> = [];
  depth++;
  try {
    for (const install of installs) undo.push(install());
    return f();
  } catch (error) {
    explainMissingKernel(error);
    throw error;
  } finally {
    depth--;
    for (const putBack of undo.reverse()) putBack();
  }
}

/** Whether code runs inside `withKernels` now. */
export function isWithinKernels(): boolean {
  return depth > 0;
}
