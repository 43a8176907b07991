import {describe, expect, it} from 'vitest';
import {CheckpointError, CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import {CheckpointDisk} from '../../../support/checkpoint_disk.js';
import {labelOf} from '../../../support/checkpoint_kills.js';
import {filesOf, systemError, watched} from '../../../support/checkpoint_operations.mjs';

const FOLDER = '/runs/first';
const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EROFS'];

/** What the n-th operation does instead, and whether all after it do the same. */
interface Fault {
  n: number;
  code: string;
  lasting: boolean;
}

/** The file system of a disk with a fault, and how far it came. */
function faulty(disk: CheckpointDisk, {n, code, lasting}: Fault) {
  const state = {count: 0};
  const fileSystem = watched(
    disk,
    async (name: string, run: () => Promise<unknown>) => {
      state.count++;
      if (state.count === n || (lasting && state.count > n)) throw systemError(code, name);
      return run();
    },
    200,
  );
  return {fileSystem, state};
}

/** A disk with steps 1 and 2. */
async function diskOfTwo(): Promise<CheckpointDisk> {
  const disk = new CheckpointDisk();
  const checkpoints = new CheckpointFolder(FOLDER, {}, disk);
  await checkpoints.save(1, filesOf(1));
  await checkpoints.save(2, filesOf(2));
  return disk;
}

describe('a fault of the file system at one operation of a save', () => {
  it.each([
    ['then never again', false],
    ['and at all after it', true],
  ])(
    '%s: a typed error, the checkpoint before still there, nothing temporary for long',
    async (_, lasting) => {
      const counts = {faults: 0, refused: 0, untyped: 0, notLoadable: 0, wrong: 0, left: 0, notCleaned: 0};
      for (const code of CODES) {
        for (let n = 1; ; n++) {
          const disk = await diskOfTwo();
          const {fileSystem, state} = faulty(disk, {n, code, lasting});
          const checkpoints = new CheckpointFolder(FOLDER, {}, fileSystem);
          const error = await checkpoints.save(3, filesOf(3)).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (state.count < n) break;
          counts.faults++;
          if (error) counts.refused++;
          if (error && !isTyped(error, code)) counts.untyped++;
          const after = new CheckpointFolder(FOLDER, {}, disk);
          const stored = await after.load().catch(() => undefined);
          // Where save has not thrown, the new one must be there.
          const allowed = error ? ['2,2', '3,3'] : ['3,3'];
          if (!stored) counts.notLoadable++;
          else if (!allowed.includes(`${stored.step},${labelOf(stored.files)}`)) counts.wrong++;
          const names = async () => (await disk.list(FOLDER)).map(({name}) => name);
          if ((await names()).some(name => name.startsWith('.'))) counts.left++;
          await after.save(4, filesOf(4));
          if ((await names()).length > 2 || (await names()).some(name => !name.startsWith('step-'))) {
            counts.notCleaned++;
          }
        }
      }
      console.log(`faults ${lasting ? 'that last' : 'once'}: ${JSON.stringify(counts)}`);
      expect(counts.faults).toBeGreaterThan(4 * 40);
      expect(counts.refused).toBeGreaterThan(4 * 20);
      expect(counts).toMatchObject({untyped: 0, notLoadable: 0, wrong: 0, notCleaned: 0});
      // Where removing itself fails, something must be left: the folder that was being written or deleted.
      expect(counts.left).toBeLessThanOrEqual(lasting ? counts.faults : 4 * 10);
    },
  );

  it('of a load is an error that names what could not be read, and is passed over with fallback', async () => {
    const disk = await diskOfTwo();
    for (let n = 2; ; n++) {
      const {fileSystem, state} = faulty(disk, {n, code: 'EIO', lasting: false});
      const error = await new CheckpointFolder(FOLDER, {}, fileSystem)
        .load()
        .catch((error: unknown) => error);
      if (state.count < n) break;
      expect(error).toMatchObject({name: 'CheckpointError', code: 'damaged'});
      expect((error as Error).message).toMatch(/step-00000002\.2.* could not be read \(EIO/);
      const again = faulty(disk, {n, code: 'EIO', lasting: false});
      const stored = await new CheckpointFolder(FOLDER, {}, again.fileSystem).load({fallback: true});
      expect([stored!.step, labelOf(stored!.files), stored!.skipped.length]).toEqual([1, 1, 1]);
    }
  });

  it('that is a mistake in a program stays what it is', async () => {
    const mistake = new TypeError('not a function');
    const fileSystem = watched(await diskOfTwo(), async (name: string, run: () => Promise<unknown>) => {
      if (name === 'sync') throw mistake;
      return run();
    });
    const checkpoints = new CheckpointFolder(FOLDER, {}, fileSystem);
    await expect(checkpoints.save(3, filesOf(3))).rejects.toBe(mistake);
    expect(await checkpoints.list()).toEqual([1, 2]);
  });
});

describe('short writes', () => {
  it.each([1, 3, 64])('of %i bytes at most are gone on with to the end', async most => {
    const disk = new CheckpointDisk();
    const fileSystem = watched(disk, (_: string, run: () => Promise<unknown>) => run(), most);
    await new CheckpointFolder(FOLDER, {}, fileSystem).save(1, filesOf(1));
    const stored = await new CheckpointFolder(FOLDER, {}, disk).load();
    expect(labelOf(stored!.files)).toBe(1);
  });

  it('of no byte at all are an error, not an endless loop', async () => {
    const disk = await diskOfTwo();
    const fileSystem = watched(disk, (_: string, run: () => Promise<unknown>) => run(), 0);
    const error = await new CheckpointFolder(FOLDER, {}, fileSystem)
      .save(3, filesOf(3))
      .catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'unwritable',
      message: expect.stringMatching(/took 0 of its 200 bytes/),
    });
    expect((await disk.list(FOLDER)).map(({name}) => name)).toEqual(['step-00000001.1', 'step-00000002.2']);
  });
});

function isTyped(error: unknown, code: string): boolean {
  if (!(error instanceof CheckpointError) || error.code !== 'unwritable') return false;
  return error.path.startsWith(FOLDER) && error.message.includes(error.path) && error.message.includes(code);
}
