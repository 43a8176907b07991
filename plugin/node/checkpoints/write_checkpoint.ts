import {createHash} from 'node:crypto';
import {dirname, join} from 'node:path';
import {CheckpointError, ifPossible, writing} from './checkpoint_error.js';
import {CHUNK, type FileSystem} from './file_system.js';
import {encodeManifest, type FileRecord} from './manifest.js';
import {MANIFEST, temporaryName, type Saved} from './names.js';
import {removeTree} from './remove_checkpoints.js';

/**
 * Writes a checkpoint so that it is there as a whole or not at all, whenever the process or the power goes: aside into
 * a temporary folder, each file synced, then that folder; renamed; then the folder above synced.
 *
 * @returns The path of the finished checkpoint.
 * @throws CheckpointError 'unwritable', with the temporary folder removed where that can be done.
 */
export async function writeCheckpoint(
  fileSystem: FileSystem,
  folder: string,
  saved: Saved,
  files: Array<[string, Uint8Array]>,
): Promise<string> {
  const temporary = join(folder, temporaryName('writing', saved.name));
  const path = join(folder, saved.name);
  try {
    await writing(temporary, () => fileSystem.makeFolder(temporary));
    const manifest = encodeManifest(saved, files.map(recordOf));
    for (const [name, bytes] of [...files, [MANIFEST, manifest] as const]) {
      const file = join(temporary, name);
      await writing(file, () => writeFile(fileSystem, file, bytes));
    }
    await writing(temporary, () => fileSystem.syncFolder(temporary));
    await writing(path, () => fileSystem.rename(temporary, path));
  } catch (error) {
    // Nothing is tried again: a second sync may report success for what the first one has lost.
    await ifPossible(() => removeTree(fileSystem, temporary));
    throw error;
  }
  await writing(folder, () => fileSystem.syncFolder(folder));
  return path;
}

/** Makes the folder of checkpoints and those above it, and sees to it that they stay. */
export async function makeFolders(fileSystem: FileSystem, folder: string): Promise<void> {
  await writing(folder, async () => {
    const first = (await fileSystem.makeFolders(folder)) ?? folder;
    let above = folder;
    while (above.length > dirname(first).length) {
      above = dirname(above);
      await fileSystem.syncFolder(above);
    }
  });
}

function recordOf([name, bytes]: [string, Uint8Array]): FileRecord {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += CHUNK) hash.update(bytes.subarray(at, at + CHUNK));
  return {name, bytes: bytes.length, sha256: hash.digest('hex')};
}

async function writeFile(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fileSystem.create(path);
  try {
    for (let at = 0; at < bytes.length;) {
      const count = await file.write(bytes.subarray(at, at + CHUNK));
      // A system that takes nothing and reports no error would be asked for ever.
      if (count === 0) {
        const problem = `took ${at} of its ${bytes.length} bytes and no more`;
        throw new CheckpointError('unwritable', path, problem, 'check the disk');
      }
      at += count;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
