import {check} from '../../../src/index.js';
import {FILES_LIMIT} from './manifest.js';
import {FILE_NAME_RULE, findTwin, isFileName} from './names.js';

/** The files of a checkpoint by their names; what is in them is the caller's affair. */
export interface CheckpointFiles {
  [file: string]: Uint8Array;
}

/** Checks that a step is an integer >= 0. */
export function checkStep(caller: string, step: unknown): asserts step is number {
  const isStep = Number.isSafeInteger(step) && (step as number) >= 0;
  check(isStep, caller, 'step', 'to be an integer >= 0', step);
}

/** Checks files and copies them, so that a training that goes on meanwhile does not change what is being saved. */
export function copyFiles(caller: string, files: CheckpointFiles): Array<[string, Uint8Array]> {
  check(
    files !== null && typeof files === 'object',
    caller,
    'files',
    'to be an object of Uint8Arrays',
    files,
  );
  const names = Object.keys(files);
  const isFew = names.length >= 1 && names.length <= FILES_LIMIT;
  check(isFew, caller, 'files', `to be 1 to ${FILES_LIMIT} files`, names.length);
  const taken = '"manifest.json" and names of devices are taken';
  for (const name of names) check(isFileName(name), caller, 'files', FILE_NAME_RULE, name, taken);
  const twin = findTwin(names);
  check(twin === undefined, caller, 'files', 'to have names that differ by more than case', twin);
  return names.map(name => {
    const bytes = files[name];
    check(bytes instanceof Uint8Array, caller, `files['${name}']`, 'to be a Uint8Array', typeof bytes);
    return [name, new Uint8Array(bytes)];
  });
}
