/** What only Node has: the choice of the engine, and faster kernels for it. */
export {BackendError, chooseBackend, describeBackend} from './backend.js';
export type {BackendChoice, BackendName, SkippedBackend} from './backend.js';
export {disableNativeKernels, enableNativeKernels} from '../kernels/node/index.js';
export type {NativeKernelOptions, NativeKernelReport} from '../kernels/node/index.js';
