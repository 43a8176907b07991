import {randomBytes} from 'node:crypto';

/** The file that says what a checkpoint holds. */
export const MANIFEST = 'manifest.json';

/** A finished checkpoint: its folder's name, the step in it, and which save of the whole folder it was. */
export interface Saved {
  name: string;
  step: number;
  save: number;
}

/** The name of a finished checkpoint; a name that was never given before, so that nothing is ever written over. */
export function savedName(step: number, save: number): string {
  return `step-${String(step).padStart(8, '0')}.${save}`;
}

/** Reads the name of a finished checkpoint; undefined for any other name. */
export function parseSaved(name: string): Saved | undefined {
  const [, step, save] = (/^step-(\d+)\.(\d+)$/.exec(name) ?? []).map(Number);
  const isOurs = Number.isSafeInteger(step) && Number.isSafeInteger(save) && savedName(step, save) === name;
  return isOurs ? {name, step, save} : undefined;
}

/** A name for a folder that is being written or deleted; no finished checkpoint has one like it. */
export function temporaryName(doing: 'writing' | 'deleting', name: string): string {
  return `.${doing}-${name}-${randomBytes(6).toString('hex')}`;
}

/** Whether a name was made by `temporaryName`. */
export function isTemporary(name: string): boolean {
  return /^\.(writing|deleting)-step-\d+\.\d+-[0-9a-f]{12}$/.test(name);
}

// What each of Linux, macOS and Windows takes for a name in the folder, and JavaScript for a plain key.
const FILE_NAME = /^[A-Za-z0-9][\w.-]{0,126}[\w-]$|^[A-Za-z0-9]$/;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** In words, what `isFileName` demands. */
export const FILE_NAME_RULE =
  'to have names of letters, digits, ".", "-" and "_" that begin with a letter or digit, at most 128 characters';

/** Whether a file of a checkpoint may have this name: no path, nothing hidden, no name that a system keeps for itself. */
export function isFileName(name: unknown): name is string {
  if (typeof name !== 'string' || !FILE_NAME.test(name)) return false;
  return !WINDOWS_DEVICE.test(name) && name.toLowerCase() !== MANIFEST;
}

/** The first name that is there twice for a file system that does not tell upper from lower case. */
export function findTwin(names: string[]): string | undefined {
  const lower = names.map(name => name.toLowerCase());
  return names.find((_, i) => lower.indexOf(lower[i]) !== i);
}
