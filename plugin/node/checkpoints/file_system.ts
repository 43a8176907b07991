import {constants} from 'node:fs';
import {mkdir, open, readdir, rename, rmdir, unlink, type FileHandle} from 'node:fs/promises';
import {isSystemError} from './checkpoint_error.js';

/** At most so many bytes go into one read or write: Node's limit is 2 GiB, and hashes and memory like less. */
export const CHUNK = 2 ** 24;

/** One name in a folder; what is neither a plain file nor a folder (links, pipes, devices) is 'other'. */
export interface Entry {
  name: string;
  kind: 'file' | 'folder' | 'other';
}

/** An open file, read or written from its start on. */
export interface OpenFile {
  /** The size in bytes. */
  size(): Promise<number>;
  /** Reads up to `into.length` bytes; returns how many, 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  /** Writes the bytes or, as systems may, fewer; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Waits until everything written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Every operation that the store does on a disk, one system call each, so that tests can count, fail, cut short and
 * interrupt them. Not part of the public interface.
 */
export interface FileSystem {
  /** Makes a folder and those above it; returns the first that was not there, undefined where all were. */
  makeFolders(path: string): Promise<string | undefined>;
  makeFolder(path: string): Promise<void>;
  list(path: string): Promise<Entry[]>;
  /** Opens a new file for writing; fails where the name is taken. */
  create(path: string): Promise<OpenFile>;
  /** Opens a file for reading; fails at a symbolic link. */
  open(path: string): Promise<OpenFile>;
  /** Waits until the folder's names are on the disk. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
}

// Windows has no O_NOFOLLOW. O_NONBLOCK: opening a pipe that nobody writes to would never return.
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The disk of this machine. */
export const nodeFileSystem: FileSystem = {
  makeFolders: path => mkdir(path, {recursive: true}),
  async makeFolder(path) {
    await mkdir(path);
  },
  async list(path) {
    const entries = await readdir(path, {withFileTypes: true});
    return entries.map(entry => ({
      name: entry.name,
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
    }));
  },
  create: async path => opened(await open(path, 'wx')),
  open: async path => opened(await open(path, READ)),
  async syncFolder(path) {
    const handle = await openFolder(path);
    if (!handle) return;
    try {
      await handle.sync();
    } catch (error) {
      // Some network and user-space file systems open folders and cannot sync them; there is no more to be had there.
      if (!hasCode(error, ['EINVAL', 'ENOTSUP', 'EPERM'])) throw error;
    } finally {
      await handle.close();
    }
  },
  rename,
  removeFile: unlink,
  removeFolder: rmdir,
};

function opened(handle: FileHandle): OpenFile {
  return {
    size: async () => (await handle.stat()).size,
    read: async into => (await handle.read(into, 0, into.length)).bytesRead,
    write: async bytes => (await handle.write(bytes)).bytesWritten,
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Opens a folder to sync it; undefined where that cannot be done, and names reach the disk at the system's leisure. */
async function openFolder(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    // Windows opens no folders (EPERM, EISDIR); a folder above ours may be closed to this user (EACCES).
    if (hasCode(error, ['EPERM', 'EISDIR', 'EACCES'])) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, codes: string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
}
