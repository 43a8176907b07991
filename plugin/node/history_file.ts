import {appendFile, mkdir, readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {Callback} from '@tensorflow/tfjs-layers';
import {check} from '../../src/index.js';
import {checkFlag, checkNoOthers} from '../callbacks/check_args.js';
import {readLogs, releaseOnError, type Logs} from '../callbacks/epoch_logs.js';
import type {ResumableCallback} from '../callbacks/resumable_callback.js';
import {formatLine, parseLines, type HistoryLine} from './history_lines.js';
import {replaceFile} from './replace_file.js';

export {HistoryFileError, type HistoryLine} from './history_lines.js';

const CALLER = 'historyFile';

export interface HistoryFileArgs {
  /** Whether the lines of earlier epochs stay, as a resumed run wants it. Default true. */
  append?: boolean;
  /** A clock, `Date.now` for one: with it each line also has a `time`. Default: none, equal runs write equal files. */
  time?: () => number;
}

/** See {@link historyFile}. */
export class HistoryFile extends Callback implements ResumableCallback {
  readonly key = CALLER;
  private readonly path: string;
  private readonly append: boolean;
  private readonly time?: () => number;
  private isBegun = false;

  constructor(path: string, {append = true, time, ...others}: HistoryFileArgs = {}) {
    super();
    checkPath(CALLER, path);
    checkFlag(CALLER, 'append', append);
    check(time === undefined || typeof time === 'function', CALLER, 'time', 'to be a function', time);
    checkNoOthers(CALLER, others);
    this.path = path;
    this.append = append;
    this.time = time;
  }

  override async onTrainBegin(): Promise<void> {
    this.isBegun = false;
    await mkdir(dirname(this.path), {recursive: true});
    // A file that cannot be gone on with is found out before anything is trained.
    if (this.append) parseLines(this.path, (await readText(this.path)) ?? '');
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    // Not before: fitDataset tells callbacks nothing of its first epoch.
    if (!this.isBegun) await keepEpochsBefore(this.path, this.append ? epoch : 0);
    this.isBegun = true;
  }

  override async onEpochEnd(epoch: number, logs: Logs = {}): Promise<void> {
    await releaseOnError(this.model, logs, async () => {
      const own: HistoryLine = {epoch, ...(this.time && {time: this.time()})};
      for (const key of Object.keys(own)) {
        check(!(key in logs), CALLER, 'logs', `to have no ${key} of their own`, Object.keys(logs));
      }
      await appendFile(this.path, formatLine({...own, ...(await readLogs(logs))}), {flush: true});
    });
  }

  /** The file itself is the state. */
  getState(): undefined {
    return undefined;
  }

  setState(): void {}
}

/**
 * Writes the logs of each epoch into a file as one line of JSON, to the disk before the next epoch begins.
 *
 * Numbers are exact; NaN and infinities stand there by name, as strings. A run that goes on from epoch n drops the
 * lines from n on, and an unfinished last line, so that each epoch is there once. Callbacks that add to the logs come before.
 *
 * @param path The file, by custom `.jsonl`; its folder is made where there is none.
 * @param args Whether to append (default true), and a clock.
 * @throws HistoryFileError when training begins with a file that holds something else.
 * @example
 * await model.fit(x, y, {epochs: 9, callbacks: [learningRateLogger(), historyFile('run/history.jsonl')]});
 * const losses = (await readHistoryFile('run/history.jsonl')).map(({loss}) => loss);
 */
export function historyFile(path: string, args?: HistoryFileArgs): HistoryFile {
  return new HistoryFile(path, args);
}

/**
 * Reads what `historyFile` has written, also while it is at it: an unfinished last line counts as absent.
 *
 * @returns The epochs in the order of the file.
 * @throws HistoryFileError for a whole line that is no epoch, naming it.
 */
export async function readHistoryFile(path: string): Promise<HistoryLine[]> {
  checkPath('readHistoryFile', path);
  return parseLines(path, await readFile(path, 'utf8')).map(({values}) => values);
}

/** Leaves the lines of epochs before this one in the file, and makes it where there is none. */
async function keepEpochsBefore(path: string, epoch: number): Promise<void> {
  const text = await readText(path);
  const kept = epoch === 0 ? '' : keptLines(path, text ?? '', epoch);
  if (kept !== text) await replaceFile(path, kept);
}

function keptLines(path: string, text: string, epoch: number): string {
  const kept = parseLines(path, text).filter(({values}) => values.epoch < epoch);
  return kept.map(line => line.text).join('');
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function checkPath(caller: string, path: unknown): void {
  check(typeof path === 'string' && path !== '', caller, 'path', 'to be the path of a file', path);
}
