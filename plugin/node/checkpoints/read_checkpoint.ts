import {createHash} from 'node:crypto';
import {dirname, join} from 'node:path';
import {CheckpointError, damaged, reading} from './checkpoint_error.js';
import {CHUNK, type FileSystem, type OpenFile} from './file_system.js';
import {decodeManifest, MANIFEST_LIMIT, type FileRecord} from './manifest.js';
import {MANIFEST, type Saved} from './names.js';

/**
 * Reads a checkpoint if every bit of it is as it was saved. Memory is taken for a file only after its size is found to
 * be the one in the manifest.
 *
 * @param path The folder of the checkpoint, of the name in `saved`.
 * @throws CheckpointError 'damaged' or 'newer', naming the first file at fault.
 */
export async function readCheckpoint(
  fileSystem: FileSystem,
  path: string,
  saved: Saved,
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const record of await readRecords(fileSystem, path, saved)) {
    files[record.name] = await readFile(fileSystem, join(path, record.name), record, 'keep');
  }
  return files;
}

/** Whether `readCheckpoint` would succeed, found out in the memory of one chunk. */
export async function isWhole(fileSystem: FileSystem, path: string, saved: Saved): Promise<boolean> {
  try {
    for (const record of await readRecords(fileSystem, path, saved)) {
      await readFile(fileSystem, join(path, record.name), record, 'check');
    }
    return true;
  } catch (error) {
    if (error instanceof CheckpointError) return false;
    throw error;
  }
}

/** The files that the manifest names, if they are what the folder holds. */
async function readRecords(fileSystem: FileSystem, path: string, saved: Saved): Promise<FileRecord[]> {
  // A link to a folder would be followed without a word.
  const around = await reading(path, () => fileSystem.list(dirname(path)));
  if (around.find(({name}) => name === saved.name)?.kind !== 'folder') throw damaged(path, 'is not a folder');
  const entries = await reading(path, () => fileSystem.list(path));
  for (const {name, kind} of entries) {
    // A link could lead anywhere, a pipe or device could give anything.
    if (kind !== 'file') throw damaged(join(path, name), 'is not a plain file');
  }
  const present = new Set(entries.map(({name}) => name));
  if (!present.delete(MANIFEST)) throw damaged(join(path, MANIFEST), 'is not there');
  const records = await readManifest(fileSystem, join(path, MANIFEST), saved);
  for (const {name} of records) {
    if (!present.delete(name)) throw damaged(join(path, name), 'is not there');
  }
  for (const name of present) throw damaged(join(path, name), 'is no file of this checkpoint');
  return records;
}

async function readManifest(fileSystem: FileSystem, path: string, saved: Saved): Promise<FileRecord[]> {
  const bytes = await withFile(fileSystem, path, async file => {
    const size = await file.size();
    if (size > MANIFEST_LIMIT) throw damaged(path, `has ${size} bytes, a manifest at most ${MANIFEST_LIMIT}`);
    const content = new Uint8Array(size);
    await readInto(file, path, size, at => content.subarray(at));
    return content;
  });
  return decodeManifest(bytes, saved, path);
}

async function readFile(
  fileSystem: FileSystem,
  path: string,
  {bytes, sha256}: FileRecord,
  purpose: 'keep' | 'check',
): Promise<Uint8Array> {
  return withFile(fileSystem, path, async file => {
    const size = await file.size();
    if (size !== bytes) throw damaged(path, `has ${size} bytes instead of ${bytes}`);
    const content = allocate(purpose === 'keep' ? bytes : Math.min(bytes, CHUNK), path);
    const windowAt = (at: number) =>
      purpose === 'keep' ? content.subarray(at, at + CHUNK) : content.subarray(0, bytes - at);
    const hash = createHash('sha256');
    await readInto(file, path, bytes, windowAt, part => hash.update(part));
    if (hash.digest('hex') !== sha256) throw damaged(path, 'does not hold what was saved in it (SHA-256)');
    return content;
  });
}

/** Reads so many bytes, part by part, each into the start of the window for its place. */
async function readInto(
  file: OpenFile,
  path: string,
  bytes: number,
  windowAt: (at: number) => Uint8Array,
  onPart: (part: Uint8Array) => void = () => {},
): Promise<void> {
  for (let at = 0; at < bytes;) {
    const window = windowAt(at);
    const count = await file.read(window);
    if (count === 0) throw damaged(path, `ended after ${at} of ${bytes} bytes`);
    onPart(window.subarray(0, count));
    at += count;
  }
}

function withFile<T>(fileSystem: FileSystem, path: string, run: (file: OpenFile) => Promise<T>): Promise<T> {
  return reading(path, async () => {
    const file = await fileSystem.open(path);
    try {
      return await run(file);
    } finally {
      await file.close();
    }
  });
}

function allocate(bytes: number, path: string): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw damaged(path, `has ${bytes} bytes, more than there is memory for`, error);
  }
}
