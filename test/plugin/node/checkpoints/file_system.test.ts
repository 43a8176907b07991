import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {nodeFileSystem, type FileSystem} from '../../../../plugin/node/checkpoints/file_system.js';
import {CheckpointDisk, treeOf} from '../../../support/checkpoint_disk.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'checkpoint-files-'))));
afterEach(() => rmSync(folder, {recursive: true}));

/** The disk of this machine, and the one that the other tests have in memory. */
const systems: Array<[string, () => Promise<FileSystem>]> = [
  ['the disk', async () => nodeFileSystem],
  [
    'the disk in memory',
    async () => {
      const disk = new CheckpointDisk();
      await disk.makeFolders(folder);
      return disk;
    },
  ],
];

describe.each(systems)('%s', (_, make) => {
  it('makes folders, and names the first that was not there', async () => {
    const system = await make();
    expect(await system.makeFolders(join(folder, 'a', 'b'))).toBe(join(folder, 'a'));
    expect(await system.makeFolders(join(folder, 'a', 'b'))).toBeUndefined();
    await system.syncFolder(join(folder, 'a'));
    expect(await treeOf(system, folder)).toEqual(['a', 'a/b']);
  });

  it('writes, reads from the start on, renames and removes', async () => {
    const system = await make();
    const path = join(folder, 'file');
    const file = await system.create(path);
    expect(await file.write(Uint8Array.of(1, 2, 3))).toBe(3);
    expect(await file.write(Uint8Array.of(4, 5).subarray(1))).toBe(1);
    await file.sync();
    await file.close();
    const reader = await system.open(path);
    const [first, second] = [new Uint8Array(3), new Uint8Array(3)];
    const counts = [await reader.size(), await reader.read(first), await reader.read(second)];
    expect([counts, [...first, ...second], await reader.read(first)]).toEqual([
      [4, 3, 1],
      [1, 2, 3, 5, 0, 0],
      0,
    ]);
    await reader.close();
    await system.makeFolder(join(folder, 'sub'));
    await system.rename(join(folder, 'sub'), join(folder, 'other'));
    expect(await system.list(folder)).toEqual(
      expect.arrayContaining([
        {name: 'file', kind: 'file'},
        {name: 'other', kind: 'folder'},
      ]),
    );
    await system.removeFile(path);
    await system.removeFolder(join(folder, 'other'));
    expect(await system.list(folder)).toEqual([]);
  });

  it.each<[string, string, (system: FileSystem) => Promise<unknown>]>([
    ['a new file where one is', 'EEXIST', system => system.create(join(folder, 'full', 'file'))],
    ['a folder where one is', 'EEXIST', system => system.makeFolder(join(folder, 'full'))],
    ['a folder in none', 'ENOENT', system => system.makeFolder(join(folder, 'none', 'x'))],
    ['a file that is not there', 'ENOENT', system => system.open(join(folder, 'none'))],
    ['the names of a file', 'ENOTDIR', system => system.list(join(folder, 'full', 'file'))],
    ['to remove a full folder', 'ENOTEMPTY', system => system.removeFolder(join(folder, 'full'))],
    [
      'to rename onto a full one',
      'ENOTEMPTY',
      system => system.rename(join(folder, 'sub'), join(folder, 'full')),
    ],
  ])('refuses %s (%s)', async (_, code, run) => {
    const system = await make();
    await system.makeFolder(join(folder, 'full'));
    await (await system.create(join(folder, 'full', 'file'))).close();
    await system.makeFolder(join(folder, 'sub'));
    await expect(run(system)).rejects.toMatchObject({code, errno: expect.any(Number)});
    expect(await treeOf(system, folder)).toEqual(['full', 'full/file', 'sub']);
  });
});

describe('the disk', () => {
  it.skipIf(process.platform === 'win32')(
    'tells links and pipes from files, and does not follow a link',
    async () => {
      writeFileSync(join(folder, 'file'), 'secret');
      mkdirSync(join(folder, 'sub'));
      symlinkSync(join(folder, 'file'), join(folder, 'link'));
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      const kinds = Object.fromEntries(
        (await nodeFileSystem.list(folder)).map(({name, kind}) => [name, kind]),
      );
      expect(kinds).toEqual({file: 'file', sub: 'folder', link: 'other', pipe: 'other'});
      await expect(nodeFileSystem.open(join(folder, 'link'))).rejects.toMatchObject({code: 'ELOOP'});
      // Would wait for a writer for ever otherwise.
      await (await nodeFileSystem.open(join(folder, 'pipe'))).close();
      await nodeFileSystem.removeFile(join(folder, 'link'));
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('secret');
    },
  );

  it('says so where a folder to sync is not there', async () => {
    await expect(nodeFileSystem.syncFolder(join(folder, 'none'))).rejects.toMatchObject({code: 'ENOENT'});
  });
});
