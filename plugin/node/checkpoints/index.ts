/** The crash-safe store underneath training checkpoints: a folder of numbered sets of files. */
export {CheckpointError, type CheckpointErrorCode} from './checkpoint_error.js';
export type {CheckpointFiles} from './arguments.js';
export {CheckpointFolder} from './checkpoint_folder.js';
export type {LoadOptions, StoredCheckpoint} from './checkpoint_folder.js';
