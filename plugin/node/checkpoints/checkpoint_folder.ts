import {join, resolve} from 'node:path';
import {check} from '../../../src/index.js';
import {checkStep, copyFiles, type CheckpointFiles} from './arguments.js';
import {CheckpointError, ifPossible, isSystemError, reading, writing} from './checkpoint_error.js';
import {nodeFileSystem, type FileSystem} from './file_system.js';
import {savedName, type Saved} from './names.js';
import {isWhole, readCheckpoint} from './read_checkpoint.js';
import {chooseSurplus, listSaved, removeLeftovers, removeSaved} from './remove_checkpoints.js';
import {makeFolders, writeCheckpoint} from './write_checkpoint.js';

const CALLER = 'CheckpointFolder';

/** A checkpoint as it was saved, every bit of it. */
export interface StoredCheckpoint {
  step: number;
  files: CheckpointFiles;
  /** Its folder. */
  path: string;
  /** What was wrong with those saved after it, which were passed over because the caller asked for `fallback`. */
  skipped: CheckpointError[];
}

/** Which checkpoint to load; by default the one saved last, or an error where that is damaged. */
export interface LoadOptions {
  /** Whether to pass over damaged ones to those saved before; checkpoints of a later version are not damaged. */
  fallback?: boolean;
  /** Load the checkpoint of this step, with `fallback` else one saved before it. */
  step?: number;
}

/**
 * A folder of numbered checkpoints, each a set of files that is saved as a whole or not at all: whenever the process
 * is killed or the power fails, the checkpoint before or the new one is there, and never a mixture.
 *
 * One object at a time may save into a folder (two make each other fail); others may load meanwhile. What was saved
 * last is the newest, also where its step is lower: training may have gone back.
 *
 * @example
 * const checkpoints = new CheckpointFolder('runs/first', {keep: 3});
 * await checkpoints.save(100, {'weights.bin': bytes});
 * const {step, files} = (await checkpoints.load({fallback: true}))!;
 */
export class CheckpointFolder {
  private readonly folder: string;
  private readonly keep: number;
  private readonly fileSystem: FileSystem;
  /** The names of those saved or found whole before: each is read once at most to be counted. */
  private readonly whole = new Set<string>();
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * Makes nothing yet; the folder, and those above it, come with the first save.
   *
   * @param folder Where the checkpoints are.
   * @param options `keep`: how many whole checkpoints stay, at least 1 (default 2; Infinity: all).
   * @throws ArgumentError.
   */
  constructor(folder: string, {keep = 2}: {keep?: number} = {}, fileSystem: FileSystem = nodeFileSystem) {
    check(typeof folder === 'string' && folder !== '', CALLER, 'folder', 'to be a path', folder);
    const isCount = keep >= 1 && (Number.isInteger(keep) || keep === Infinity);
    check(isCount, CALLER, 'keep', 'to be an integer >= 1 or Infinity', keep);
    this.folder = resolve(folder);
    this.keep = keep;
    this.fileSystem = fileSystem;
  }

  /**
   * Saves a checkpoint, in the place of an earlier one of the same step, then removes those beyond `keep`, the oldest
   * first. Resolves when it is on the disk.
   *
   * @param step An integer >= 0.
   * @param files 1 to 1000 files; their bytes are copied at once and may change afterwards.
   * @returns The path of the new checkpoint's folder.
   * @throws ArgumentError for a step or file name that cannot be; CheckpointError 'unwritable', with the checkpoints
   *     saved before as they were.
   */
  async save(step: number, files: CheckpointFiles): Promise<string> {
    checkStep(`${CALLER}.save`, step);
    const copies = copyFiles(`${CALLER}.save`, files);
    return this.inTurn(async () => {
      const {fileSystem, folder} = this;
      await makeFolders(fileSystem, folder);
      const [last] = await writing(folder, async () => {
        await removeLeftovers(fileSystem, folder);
        return listSaved(fileSystem, folder);
      });
      const save = (last?.save ?? 0) + 1;
      const saved = {name: savedName(step, save), step, save};
      const path = await writeCheckpoint(fileSystem, folder, saved, copies);
      this.whole.add(saved.name);
      await this.prune();
      return path;
    });
  }

  /**
   * Loads the checkpoint saved last, or that of a step, with every bit checked against its manifest.
   *
   * @returns The checkpoint, `undefined` where the folder holds none at all.
   * @throws CheckpointError 'damaged' (with `fallback`: no checkpoint is whole), 'newer' (whether `fallback` or not:
   *     the way out is a later version of this package), 'missing' (no checkpoint of this step).
   */
  async load({fallback = false, step}: LoadOptions = {}): Promise<StoredCheckpoint | undefined> {
    check(typeof fallback === 'boolean', `${CALLER}.load`, 'fallback', 'to be true or false', fallback);
    if (step !== undefined) checkStep(`${CALLER}.load`, step);
    return this.inTurn(() => this.find(fallback, step));
  }

  /** Lists the steps of the finished checkpoints, ascending; whether they are whole, `load` finds out. */
  async list(): Promise<number[]> {
    return stepsOf(await this.listSaved());
  }

  private async find(fallback: boolean, step?: number): Promise<StoredCheckpoint | undefined> {
    const saved = await this.listSaved();
    const first = step === undefined ? 0 : saved.findIndex(one => one.step === step);
    if (first === -1) throw this.missing(step!, saved);
    const skipped: CheckpointError[] = [];
    for (const one of saved.slice(first)) {
      const path = join(this.folder, one.name);
      try {
        const files = await readCheckpoint(this.fileSystem, path, one);
        this.whole.add(one.name);
        return {step: one.step, files, path, skipped};
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        // Another program saved, and removed this one while it was read: what is there now is another matter.
        if (!(await this.listSaved()).some(({name}) => name === one.name)) return this.find(fallback, step);
        if (!fallback || error.code === 'newer') throw error;
        skipped.push(error);
      }
    }
    if (skipped.length === 0) return undefined;
    const problem = `holds no whole checkpoint, of ${skipped.length} (the newest: ${skipped[0].message})`;
    const wayOut = 'bring one back from a copy, or start anew in another folder';
    throw new CheckpointError('damaged', this.folder, problem, wayOut, skipped[0]);
  }

  private missing(step: number, saved: Saved[]): CheckpointError {
    const wayOut = `steps there: ${stepsOf(saved).join(', ') || 'none'}`;
    return new CheckpointError('missing', this.folder, `has no checkpoint of step ${step}`, wayOut);
  }

  private async listSaved(): Promise<Saved[]> {
    return reading(this.folder, () =>
      listSaved(this.fileSystem, this.folder).catch(error => {
        if (isSystemError(error) && error.code === 'ENOENT') return [];
        throw error;
      }),
    );
  }

  /** What was saved is safe by now: that something old stays for longer is no reason to stop a training. */
  private async prune(): Promise<void> {
    const {fileSystem, folder, keep, whole} = this;
    await ifPossible(async () => {
      const surplus = await chooseSurplus(await listSaved(fileSystem, folder), keep, async one => {
        const counts = whole.has(one.name) || (await isWhole(fileSystem, join(folder, one.name), one));
        if (counts) whole.add(one.name);
        return counts;
      });
      await removeSaved(fileSystem, folder, surplus);
      for (const {name} of surplus) whole.delete(name);
    });
  }

  /** Lets one save or load after the other run. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.turn.then(run);
    this.turn = result.catch(() => {});
    return result;
  }
}

/** Each step once, ascending. */
function stepsOf(saved: Saved[]): number[] {
  return [...new Set(saved.map(({step}) => step))].sort((a, b) => a - b);
}
