/** What only Node has: the choice of the engine, faster kernels for it, and files. */
export {BackendError, chooseBackend, describeBackend} from './backend.js';
export type {BackendChoice, BackendName, SkippedBackend} from './backend.js';
export type {WasmTraining} from './wasm_training.js';
export {disableNativeKernels, enableNativeKernels} from '../kernels/node/index.js';
export type {NativeKernelOptions, NativeKernelReport} from '../kernels/node/index.js';
export {historyFile, HistoryFileError, readHistoryFile} from './history_file.js';
export type {HistoryFile, HistoryFileArgs, HistoryLine} from './history_file.js';
export {stateFile, type StateFile} from './state_file.js';
export {tensorBoard, type TensorBoard, type TensorBoardArgs} from './tensorboard.js';
export {CheckpointError, CheckpointFolder} from './checkpoints/index.js';
export type {
  CheckpointErrorCode,
  CheckpointFiles,
  LoadOptions,
  StoredCheckpoint,
} from './checkpoints/index.js';
