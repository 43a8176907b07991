import {cpSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {CheckpointFolder} from '../../plugin/node/checkpoints/index.js';
import {nodeFileSystem} from '../../plugin/node/checkpoints/file_system.js';
import {treeOf} from './checkpoint_disk.js';
import {filesOf} from './checkpoint_operations.mjs';
import {buildStore, runSaver, type SaverArgs} from './checkpoint_program.js';

/** What a child saves on top of steps 1 and 2 (labels 1 and 2), with room for two: a new step, and that step again. */
export const SAVES: Array<[step: number, label: number]> = [
  [3, 3],
  [3, 4],
];

/** How many children were killed, and what was found amiss afterwards. */
export interface KillReport {
  killed: number;
  notLoadable: number;
  mixed: number;
  /** Neither the last that was saved nor the one that was being saved. */
  wrong: number;
  /** Next saves that failed or left something temporary. */
  notCleaned: number;
}

export const NOTHING_AMISS = {notLoadable: 0, mixed: 0, wrong: 0, notCleaned: 0};

/** A folder to work in, with the translated store and the checkpoints that each child starts from. */
export interface Place {
  path: string;
  store: string;
}

export async function prepare(path: string): Promise<Place> {
  const checkpoints = new CheckpointFolder(join(path, 'before'));
  await checkpoints.save(1, filesOf(1));
  await checkpoints.save(2, filesOf(2));
  return {path, store: buildStore(join(path, 'store'))};
}

export type Death = Pick<SaverArgs, 'when' | 'operations'>;

/** Lets one child after the other die at the first, second, ... operation, until one lives; looks at what each left. */
export async function killAtEach(place: Place, death: Death): Promise<KillReport> {
  const report: KillReport = {killed: 0, ...NOTHING_AMISS};
  const folder = join(place.path, 'child');
  for (let at = 1; ; at++) {
    cpSync(join(place.path, 'before'), folder, {recursive: true});
    // Two writes for each of the larger files, more for a manifest.
    const end = await runSaver({...death, store: place.store, folder, keep: 2, saves: SAVES, most: 180, at});
    if (end.problem) throw new Error(end.problem);
    if (end.signal === 'SIGKILL') {
      report.killed++;
      await inspect(folder, [[2, 2] as [number, number], ...SAVES].slice(end.saved, end.saved + 2), report);
    }
    rmSync(folder, {recursive: true});
    if (!end.signal) return report;
  }
}

/** Counts what is amiss in a folder whose last checkpoint must be one of these steps and labels. */
export async function inspect(
  folder: string,
  possible: Array<[step: number, label: number]>,
  report: KillReport,
): Promise<void> {
  const checkpoints = new CheckpointFolder(folder, {keep: 2});
  const stored = await checkpoints.load().catch(() => undefined);
  if (!stored) report.notLoadable++;
  else {
    const label = labelOf(stored.files);
    if (label === undefined) report.mixed++;
    else if (!possible.some(one => one[0] === stored.step && one[1] === label)) report.wrong++;
  }
  // Those before the newest, too: nothing that looks finished may be half there.
  for (const step of await checkpoints.list()) {
    const older = await checkpoints.load({step}).catch(() => undefined);
    if (!older || labelOf(older.files) === undefined) report.mixed++;
  }
  const isSaved = await checkpoints.save(9, filesOf(9)).catch(() => undefined);
  const names = await treeOf(nodeFileSystem, folder);
  const isClean = names.length === 2 * (1 + 4) && names.every(name => name.startsWith('step-'));
  if (!isSaved || !isClean) report.notCleaned++;
}

/** The label that all files belong to; undefined where they belong to several, or to none. */
export function labelOf(files: Record<string, Uint8Array>): number | undefined {
  const {label} = JSON.parse(new TextDecoder().decode(files['state.json']));
  const expected: Record<string, Uint8Array> = filesOf(label);
  const names = Object.keys(files);
  const isEqual = names.every(name => expected[name] && Buffer.from(files[name]).equals(expected[name]));
  return isEqual && names.length === Object.keys(expected).length ? label : undefined;
}
