import {describe, expect, it} from 'vitest';
import {CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import type {FileSystem} from '../../../../plugin/node/checkpoints/file_system.js';
import {RandomStream} from '../../../../src/index.js';
import {CheckpointDisk, treeOf, type Fate} from '../../../support/checkpoint_disk.js';
import {labelOf} from '../../../support/checkpoint_kills.js';
import {filesOf, watched} from '../../../support/checkpoint_operations.mjs';

const FOLDER = '/runs/first';
const RANDOM_FATES = 10;
/** Step and label of each save: new steps, a step again, a step back. */
const SAVES: Array<[number, number]> = [
  [1, 1],
  [2, 2],
  [3, 3],
  [3, 4],
  [2, 5],
];

/** Everything that was not synced is lost, or kept; else each change meets a fate of its own. */
function* fates(seed: number): Generator<Fate> {
  yield {keeps: () => false, bytes: () => 'none'};
  yield {keeps: () => true, bytes: () => 'zeros'};
  yield {keeps: () => true, bytes: () => 'half'};
  const random = new RandomStream(seed);
  const kinds = ['all', 'none', 'half', 'zeros'] as const;
  for (let i = 0; i < RANDOM_FATES; i++) {
    yield {keeps: () => random.next() < 0.5, bytes: () => kinds[Math.floor(random.next() * 4)]};
  }
}

/** Saves until the power fails right after the n-th operation; whether it did, and how many saves had succeeded. */
async function saveUntil(
  disk: CheckpointDisk,
  n: number,
  careless: Partial<FileSystem> = {},
): Promise<{failed: boolean; saved: number}> {
  let count = 0;
  const mortal = async (_: string, run: () => Promise<unknown>) => {
    if (count >= n) throw new Error('no power');
    const result = await run();
    if (++count === n) throw new Error('no power');
    return result;
  };
  const fileSystem = Object.assign(watched(disk, mortal, 200), careless);
  const checkpoints = new CheckpointFolder(FOLDER, {keep: 2}, fileSystem);
  for (const [saved, [step, label]] of SAVES.entries()) {
    const result = await checkpoints.save(step, filesOf(label)).catch((error: Error) => error);
    if (result instanceof Error) {
      expect(result.message).toBe('no power');
      return {failed: true, saved};
    }
  }
  return {failed: false, saved: SAVES.length};
}

/** What is wrong with a disk after a failure of power, undefined where nothing is. */
async function faultOf(disk: CheckpointDisk, saved: number): Promise<string | undefined> {
  const checkpoints = new CheckpointFolder(FOLDER, {keep: 2}, disk);
  const stored = await checkpoints.load().catch((error: Error) => error);
  if (stored instanceof Error) return `not loadable: ${stored.message}`;
  const possible =
    saved === 0 ? ['nothing', String(SAVES[0])] : SAVES.slice(saved - 1, saved + 1).map(String);
  const found = stored ? String([stored.step, labelOf(stored.files)]) : 'nothing';
  if (!possible.includes(found)) return `${found} instead of ${possible.join(' or ')}`;
  for (const step of await checkpoints.list()) {
    const older = await checkpoints.load({step}).catch(() => undefined);
    if (!older || labelOf(older.files) === undefined) return `step ${step} is not whole`;
  }
  await checkpoints.save(9, filesOf(9));
  const names = await disk.list(FOLDER);
  if (names.length > 2 || names.some(({name}) => !name.startsWith('step-'))) return 'leftovers';
  return undefined;
}

async function failAtEach(careless: (disk: CheckpointDisk) => Partial<FileSystem> = () => ({})) {
  const faults: string[] = [];
  for (let n = 1, disks = 0; ; n++) {
    const disk = new CheckpointDisk();
    const {failed, saved} = await saveUntil(disk, n, careless(disk));
    for (const fate of fates(n)) {
      const fault = await faultOf(disk.crash(fate), saved);
      disks++;
      if (fault) faults.push(fault);
    }
    if (!failed) return {operations: n - 1, disks, faults};
  }
}

describe('when the power fails', () => {
  it('the old or the new checkpoint is there, whole, and a finished save is not lost', async () => {
    const {operations, disks, faults} = await failAtEach();
    console.log(`${operations} moments, ${disks} disks afterwards, ${faults.length} amiss`);
    expect(disks).toBe((operations + 1) * (RANDOM_FATES + 3));
    expect(faults).toEqual([]);
  });

  it('each of the syncs is needed: without files, new names or renamings synced, this test finds losses', async () => {
    const noSync = async () => {};
    const withoutFiles = await failAtEach(disk => ({
      create: async path => ({...(await disk.create(path)), sync: noSync}),
    }));
    const without = (pattern: RegExp) =>
      failAtEach(disk => ({syncFolder: path => (pattern.test(path) ? noSync() : disk.syncFolder(path))}));
    const withoutNames = await without(/\.writing-/);
    const withoutRenamings = await without(/first$/);
    const withoutFolder = await without(/^(\/|\/runs)$/);
    const counts = [withoutFiles, withoutNames, withoutRenamings, withoutFolder].map(r => r.faults.length);
    console.log(`amiss without each of the four kinds of sync: ${counts.join(', ')}`);
    for (const count of counts) expect(count).toBeGreaterThan(0);
  });

  it('the disk of this test loses what was not synced and nothing else', async () => {
    const disk = new CheckpointDisk();
    await disk.makeFolder('/kept');
    await disk.syncFolder('/');
    const file = await disk.create('/kept/file');
    await file.write(Uint8Array.of(1, 2));
    await file.sync();
    await file.write(Uint8Array.of(3));
    await disk.syncFolder('/kept');
    await disk.makeFolder('/kept/lost');
    await disk.rename('/kept/file', '/kept/other');
    const [all, none] = [true, false].map(kept =>
      disk.crash({keeps: () => kept, bytes: () => (kept ? 'zeros' : 'none')}),
    );
    expect(await treeOf(none, '/')).toEqual(['kept', 'kept/file']);
    expect([...none.bytesOf('/kept/file')]).toEqual([1, 2]);
    expect(await treeOf(all, '/')).toEqual(['kept', 'kept/lost', 'kept/other']);
    expect([...all.bytesOf('/kept/other')]).toEqual([0, 0, 0]);
  });
});
