/**
 * What is the matter: the step asked for is not there (`missing`), a checkpoint is not as it was saved (`damaged`), it
 * was saved by a later version of this package (`newer`), or it could not be saved (`unwritable`).
 */
export type CheckpointErrorCode = 'missing' | 'damaged' | 'newer' | 'unwritable';

/** Thrown where a checkpoint cannot be saved or loaded; the message names the file, what is wrong and the way out. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: CheckpointErrorCode;
  /** The file or folder at fault. */
  readonly path: string;

  constructor(code: CheckpointErrorCode, path: string, problem: string, wayOut: string, cause?: unknown) {
    super(`CheckpointFolder: ${path} ${problem}; ${wayOut}`, {cause});
    this.code = code;
    this.path = path;
  }
}

/** The error of a file that is not as it was saved. */
export function damaged(path: string, problem: string, cause?: unknown): CheckpointError {
  const wayOut = 'bring it back from a copy, or load a checkpoint saved before it with {fallback: true}';
  return new CheckpointError('damaged', path, problem, wayOut, cause);
}

/** Runs an operation that writes to this path; what the file system refuses becomes 'unwritable'. */
export async function writing<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const problem = `could not be written (${error.message})`;
    const wayOut = `${WAYS_OUT[error.code] ?? 'check the disk'}; checkpoints saved before are untouched`;
    throw new CheckpointError('unwritable', path, problem, wayOut, error);
  }
}

/** Runs an operation that reads this path; what the file system refuses becomes 'damaged'. */
export async function reading<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw damaged(path, `could not be read (${error.message})`, error);
  }
}

/** Runs an operation that may be left to the next save where the file system refuses it. */
export async function ifPossible(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

const FREE = 'free some space on its disk';
const PERMIT = 'allow this process to write there, or choose another folder';
const WAYS_OUT: Record<string, string> = {
  ...{ENOSPC: FREE, EDQUOT: FREE},
  ...{EACCES: PERMIT, EPERM: PERMIT, EROFS: PERMIT, ENOTDIR: PERMIT, EEXIST: PERMIT},
};

/** Whether the operating system said no; anything else is a mistake in a program, and stays as it is. */
export function isSystemError(error: unknown): error is Error & {code: string} {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}
