import {describe, expect, it} from 'vitest';
import type {FileSystem} from '../../../../plugin/node/checkpoints/file_system.js';
import {savedName} from '../../../../plugin/node/checkpoints/names.js';
import {makeFolders, writeCheckpoint} from '../../../../plugin/node/checkpoints/write_checkpoint.js';
import {CheckpointDisk, treeOf} from '../../../support/checkpoint_disk.js';
import {systemError} from '../../../support/checkpoint_operations.mjs';

const saved = {name: savedName(12, 7), step: 12, save: 7};
const file: [string, Uint8Array] = ['w.bin', Uint8Array.of(1, 2, 3)];

/** A disk that writes down what is done to it, with its temporary names made alike. */
function diary(disk: CheckpointDisk): {fileSystem: FileSystem; lines: string[]} {
  const lines: string[] = [];
  const note = (verb: string, ...paths: string[]) =>
    void lines.push([verb, ...paths.map(path => path.replace(/-[0-9a-f]{12}/, '-'))].join(' '));
  const fileSystem: FileSystem = {
    makeFolders: path => (note('makeFolders', path), disk.makeFolders(path)),
    makeFolder: path => (note('makeFolder', path), disk.makeFolder(path)),
    list: path => disk.list(path),
    open: path => disk.open(path),
    async create(path) {
      note('create', path);
      const inside = await disk.create(path);
      return {
        ...inside,
        write: bytes => (note('write', path), inside.write(bytes)),
        sync: () => (note('sync', path), inside.sync()),
        close: async () => note('close', path),
      };
    },
    syncFolder: path => (note('syncFolder', path), disk.syncFolder(path)),
    rename: (from, to) => (note('rename', from, to), disk.rename(from, to)),
    removeFile: path => (note('removeFile', path), disk.removeFile(path)),
    removeFolder: path => (note('removeFolder', path), disk.removeFolder(path)),
  };
  return {fileSystem, lines};
}

describe('writeCheckpoint', () => {
  it('writes aside, syncs each file, then the folder, renames, and syncs the folder above, in this order', async () => {
    const disk = new CheckpointDisk();
    await disk.makeFolder('/a');
    const {fileSystem, lines} = diary(disk);
    expect(await writeCheckpoint(fileSystem, '/a', saved, [file])).toBe('/a/step-00000012.7');
    const aside = '/a/.writing-step-00000012.7-';
    expect(lines).toEqual([
      `makeFolder ${aside}`,
      ...['w.bin', 'manifest.json'].flatMap(name =>
        ['create', 'write', 'sync', 'close'].map(verb => `${verb} ${aside}/${name}`),
      ),
      `syncFolder ${aside}`,
      `rename ${aside} /a/step-00000012.7`,
      'syncFolder /a',
    ]);
  });

  it('closes and removes what it began, and syncs nothing again, where a sync fails', async () => {
    const disk = new CheckpointDisk();
    await disk.makeFolder('/a');
    const {fileSystem, lines} = diary(disk);
    const {create} = fileSystem;
    fileSystem.create = async path => ({
      ...(await create(path)),
      sync: () => Promise.reject(systemError('EIO', 'fsync')),
    });
    await expect(writeCheckpoint(fileSystem, '/a', saved, [file])).rejects.toMatchObject({
      ...{name: 'CheckpointError', code: 'unwritable'},
      path: expect.stringMatching(/^\/a\/\.writing-step-00000012\.7-\w+\/w\.bin$/),
    });
    const aside = '/a/.writing-step-00000012.7-';
    expect(lines).toEqual([
      `makeFolder ${aside}`,
      ...['create', 'write', 'close', 'removeFile'].map(verb => `${verb} ${aside}/w.bin`),
      `removeFolder ${aside}`,
    ]);
    expect(await treeOf(disk, '/')).toEqual(['a']);
  });

  it('writes over nothing: a name that is taken is an error', async () => {
    const disk = new CheckpointDisk();
    await disk.makeFolder('/a');
    await writeCheckpoint(disk, '/a', saved, [file]);
    const before = await treeOf(disk, '/');
    await expect(writeCheckpoint(disk, '/a', saved, [file])).rejects.toMatchObject({code: 'unwritable'});
    expect(await treeOf(disk, '/')).toEqual(before);
  });
});

describe('makeFolders', () => {
  it('syncs the folder above each that it made', async () => {
    const disk = new CheckpointDisk();
    await disk.makeFolder('/a');
    const {fileSystem, lines} = diary(disk);
    await makeFolders(fileSystem, '/a/b/c');
    expect(lines).toEqual(['makeFolders /a/b/c', 'syncFolder /a/b', 'syncFolder /a']);
    await makeFolders(fileSystem, '/a/b/c');
    expect(lines.slice(3)).toEqual(['makeFolders /a/b/c', 'syncFolder /a/b']);
  });

  it('comes to an end at the root of the disk', async () => {
    const {fileSystem, lines} = diary(new CheckpointDisk());
    await makeFolders(fileSystem, '/');
    expect(lines).toEqual(['makeFolders /']);
  });
});
