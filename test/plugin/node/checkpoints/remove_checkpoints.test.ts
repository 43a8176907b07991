import {beforeEach, describe, expect, it} from 'vitest';
import {savedName, temporaryName, type Saved} from '../../../../plugin/node/checkpoints/names.js';
import {
  chooseSurplus,
  listSaved,
  removeLeftovers,
  removeSaved,
  removeTree,
} from '../../../../plugin/node/checkpoints/remove_checkpoints.js';
import {CheckpointDisk, treeOf} from '../../../support/checkpoint_disk.js';
import {systemError} from '../../../support/checkpoint_operations.mjs';

const one = (step: number, save: number): Saved => ({name: savedName(step, save), step, save});

let disk: CheckpointDisk;
beforeEach(async () => {
  disk = new CheckpointDisk();
  await disk.makeFolder('/a');
});

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await disk.makeFolder(`/a/${name}`);
    disk.put(`/a/${name}/w.bin`, Uint8Array.of(1));
  }
}

describe('listSaved', () => {
  it('gives finished checkpoints, those saved last first, whatever their steps', async () => {
    await put(
      savedName(30, 1),
      savedName(10, 10),
      savedName(20, 9),
      'notes',
      temporaryName('writing', savedName(40, 11)),
    );
    expect(await listSaved(disk, '/a')).toEqual([one(10, 10), one(20, 9), one(30, 1)]);
  });
});

describe('chooseSurplus', () => {
  const choose = async (saved: Saved[], keep: number, damaged: number[] = []) =>
    (await chooseSurplus(saved, keep, async ({save}) => !damaged.includes(save))).map(({save}) => save);

  it('chooses all that were saved before the last few', async () => {
    const saved = [one(4, 4), one(3, 3), one(2, 2), one(1, 1)];
    expect(await choose(saved, 1)).toEqual([3, 2, 1]);
    expect(await choose(saved, 3)).toEqual([1]);
    expect(await choose(saved, 4)).toEqual([]);
    expect(await choose(saved, Infinity)).toEqual([]);
  });

  it('counts a step once: what was saved again goes, however many may stay', async () => {
    expect(await choose([one(2, 3), one(2, 2), one(1, 1)], Infinity)).toEqual([2]);
    expect(await choose([one(2, 3), one(1, 2), one(2, 1)], 2)).toEqual([1]);
  });

  it('does not count damaged ones, which stay until enough whole ones follow', async () => {
    expect(await choose([one(3, 3), one(2, 2), one(1, 1)], 2, [2])).toEqual([]);
    expect(await choose([one(4, 4), one(3, 3), one(2, 2), one(1, 1)], 2, [2])).toEqual([2, 1]);
    // Damaged and saved again at the same step: the older one, if whole, is still needed.
    expect(await choose([one(2, 3), one(2, 2), one(1, 1)], 1, [3])).toEqual([1]);
  });

  it('looks into none that it need not know of', async () => {
    const asked: number[] = [];
    await chooseSurplus([one(3, 3), one(2, 2), one(1, 1)], 1, async ({save}) => asked.push(save) > 0);
    expect(asked).toEqual([3]);
  });
});

describe('removeSaved', () => {
  it('removes these and no others', async () => {
    await put(savedName(1, 1), savedName(2, 2), savedName(3, 3));
    await removeSaved(disk, '/a', [one(2, 2), one(1, 1)]);
    expect(await treeOf(disk, '/a')).toEqual(['step-00000003.3', 'step-00000003.3/w.bin']);
  });

  it('goes on with the next where one cannot be renamed or emptied', async () => {
    await put(savedName(1, 1), savedName(2, 2), savedName(3, 3));
    const [rename, removeFile] = [disk.rename.bind(disk), disk.removeFile.bind(disk)];
    disk.rename = async (from, to) =>
      from.endsWith('.1') ? Promise.reject(systemError('EPERM', 'rename')) : rename(from, to);
    disk.removeFile = async path =>
      path.includes('.2') ? Promise.reject(systemError('EBUSY', 'unlink')) : removeFile(path);
    await removeSaved(disk, '/a', [one(3, 3), one(2, 2), one(1, 1)]);
    expect((await treeOf(disk, '/a')).map(name => name.replace(/-[0-9a-f]{12}/, '-'))).toEqual([
      '.deleting-step-00000002.2-',
      '.deleting-step-00000002.2-/w.bin',
      'step-00000001.1',
      'step-00000001.1/w.bin',
    ]);
    Object.assign(disk, {rename, removeFile});
    await removeLeftovers(disk, '/a');
    expect(await treeOf(disk, '/a')).toEqual(['step-00000001.1', 'step-00000001.1/w.bin']);
  });
});

describe('removeLeftovers', () => {
  it('removes what was being written or deleted, and nothing that is not ours', async () => {
    const ours = [temporaryName('writing', savedName(1, 1)), temporaryName('deleting', savedName(2, 2))];
    await put(...ours, '.git', '.writing-notes', savedName(3, 3), 'notes');
    await removeLeftovers(disk, '/a');
    const names = (await disk.list('/a')).map(({name}) => name);
    expect(names.sort()).toEqual(['.git', '.writing-notes', 'notes', 'step-00000003.3']);
  });

  it('takes the name from a folder first, so that nobody can finish it with files missing', async () => {
    const name = temporaryName('writing', savedName(1, 1));
    await put(name);
    disk.removeFile = async () => Promise.reject(systemError('EBUSY', 'unlink'));
    await removeLeftovers(disk, '/a');
    await expect(disk.rename(`/a/${name}`, '/a/step-00000001.1')).rejects.toMatchObject({code: 'ENOENT'});
  });
});

describe('removeTree', () => {
  it('removes folders in folders', async () => {
    await disk.makeFolders('/a/b/c/d');
    disk.put('/a/b/c/file', Uint8Array.of(1));
    await removeTree(disk, '/a/b');
    expect(await treeOf(disk, '/')).toEqual(['a']);
  });
});
