/** What only Node has: the choice of the engine. */
export {BackendError, chooseBackend, describeBackend} from './backend.js';
export type {BackendChoice, BackendName, SkippedBackend} from './backend.js';
