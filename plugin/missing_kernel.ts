/** What tfjs 4.22 says on wasm of the kernels that it lacks and `plugin/kernels/wasm` has. */
const MISSING =
  /^Kernel '(Conv2DBackpropFilter|DepthwiseConv2dNativeBackprop(Input|Filter))' not registered for backend 'wasm'$/;

const WAY_OUT =
  "import 'tfjs-large-margin/wasm', which has it (in a page: the script large-margin-wasm.umd.js, behind tf-backend-wasm.js)";

/** Adds to tfjs's error for a kernel that this package has where it is to be had; leaves others as they are. */
export function explainMissingKernel(error: unknown): void {
  if (error instanceof Error && MISSING.test(error.message)) error.message += `: ${WAY_OUT}`;
}
