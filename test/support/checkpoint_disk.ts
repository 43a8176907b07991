import {dirname, join, normalize} from 'node:path';
import type {Entry, FileSystem, OpenFile} from '../../plugin/node/checkpoints/file_system.js';
import {systemError} from './checkpoint_operations.mjs';

interface File {
  bytes: Uint8Array;
  /** What is left of it for sure when the power fails. */
  synced: Uint8Array;
}

/** What one operation did to the names of a folder. */
interface Change {
  removed?: string;
  added?: [string, Node];
}

interface Folder {
  names: Map<string, Node>;
  synced: Map<string, Node>;
  /** What happened to the names since they were last synced. */
  pending: Change[];
}

type Node = File | Folder;

/** What becomes of that which was not synced when the power fails. */
export interface Fate {
  /** Whether one change of names reached the disk, whatever happened to those before it. */
  keeps: () => boolean;
  /** What a file has whose bytes were never synced. */
  bytes: () => 'all' | 'none' | 'half' | 'zeros';
}

const isFolder = (node: Node): node is Folder => 'names' in node;

/**
 * A disk in memory that promises no more than POSIX does: a file's bytes are safe after its sync, a name after the sync of
 * its folder, and until then each change may or may not have happened, in any order.
 */
export class CheckpointDisk implements FileSystem {
  private root: Folder = emptyFolder();

  /** The disk after the power has failed and come back. */
  crash(fate: Fate): CheckpointDisk {
    return this.copied(node => crashed(node, fate));
  }

  /** An equal disk, apart. */
  clone(): CheckpointDisk {
    return this.copied(node => crashed(node, {keeps: () => true, bytes: () => 'all'}));
  }

  /** The bytes of a file: the very ones, for damage to be done to. */
  bytesOf(path: string): Uint8Array {
    return this.file(path).bytes;
  }

  /** Writes a file without any ceremony. */
  put(path: string, bytes: Uint8Array): void {
    const folder = this.folder(dirname(path));
    const copy = new Uint8Array(bytes);
    for (const names of [folder.names, folder.synced]) names.set(base(path), {bytes: copy, synced: copy});
  }

  async makeFolders(path: string): Promise<string | undefined> {
    const above = dirname(path);
    const first = above === path ? undefined : await this.makeFolders(above);
    if (this.find(path)) return first;
    await this.makeFolder(path);
    return first ?? path;
  }

  async makeFolder(path: string): Promise<void> {
    this.add(path, emptyFolder());
  }

  async list(path: string): Promise<Entry[]> {
    const {names} = this.folder(path);
    return [...names].map(([name, node]) => ({name, kind: isFolder(node) ? 'folder' : 'file'}));
  }

  async create(path: string): Promise<OpenFile> {
    const file: File = {bytes: new Uint8Array(), synced: new Uint8Array()};
    this.add(path, file);
    return {
      ...reader(file),
      async write(bytes) {
        file.bytes = new Uint8Array(Buffer.concat([file.bytes, bytes]));
        return bytes.length;
      },
      async sync() {
        file.synced = file.bytes;
      },
    };
  }

  async open(path: string): Promise<OpenFile> {
    return reader(this.file(path));
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.folder(path);
    folder.synced = new Map(folder.names);
    folder.pending = [];
  }

  async rename(from: string, to: string): Promise<void> {
    const folder = this.folder(dirname(from));
    const node = this.find(from);
    if (!node || dirname(from) !== dirname(to)) throw systemError('ENOENT', 'rename');
    if (from === to) return;
    if (folder.names.has(base(to))) throw systemError('ENOTEMPTY', 'rename');
    change(folder, {removed: base(from), added: [base(to), node]});
  }

  async removeFile(path: string): Promise<void> {
    this.file(path);
    change(this.folder(dirname(path)), {removed: base(path)});
  }

  async removeFolder(path: string): Promise<void> {
    if (this.folder(path).names.size > 0) throw systemError('ENOTEMPTY', 'rmdir');
    change(this.folder(dirname(path)), {removed: base(path)});
  }

  private copied(copy: (root: Folder) => Node): CheckpointDisk {
    const disk = new CheckpointDisk();
    disk.root = copy(this.root) as Folder;
    return disk;
  }

  private add(path: string, node: Node): void {
    const folder = this.folder(dirname(path));
    if (folder.names.has(base(path))) throw systemError('EEXIST', 'open');
    change(folder, {added: [base(path), node]});
  }

  private find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of normalize(path).split(/[\\/]/).filter(Boolean)) {
      node = node && isFolder(node) ? node.names.get(name) : undefined;
    }
    return node;
  }

  private folder(path: string): Folder {
    const node = this.find(path);
    if (!node) throw systemError('ENOENT', `scandir ${path}`);
    if (!isFolder(node)) throw systemError('ENOTDIR', `scandir ${path}`);
    return node;
  }

  private file(path: string): File {
    const node = this.find(path);
    if (!node) throw systemError('ENOENT', `open ${path}`);
    if (isFolder(node)) throw systemError('EISDIR', `open ${path}`);
    return node;
  }
}

/** The names of everything on a disk or in a file system, below a folder. */
export async function treeOf(fileSystem: FileSystem, path: string): Promise<string[]> {
  const inside = (await fileSystem.list(path)).map(async ({name, kind}) =>
    kind === 'folder'
      ? [name, ...(await treeOf(fileSystem, join(path, name))).map(n => `${name}/${n}`)]
      : [name],
  );
  return (await Promise.all(inside)).flat().sort();
}

function reader(file: File): OpenFile {
  let at = 0;
  const refuse = async (): Promise<never> => {
    throw systemError('EBADF', 'write');
  };
  return {
    size: async () => file.bytes.length,
    async read(into) {
      const part = file.bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    },
    write: refuse,
    sync: refuse,
    close: async () => {},
  };
}

function change(folder: Folder, done: Change): void {
  apply(folder.names, done);
  folder.pending.push(done);
}

function apply(names: Map<string, Node>, {removed, added}: Change): void {
  if (removed !== undefined) names.delete(removed);
  if (added) names.set(...added);
}

function crashed(node: Node, fate: Fate): Node {
  if (!isFolder(node)) {
    const bytes = node.bytes === node.synced ? node.bytes.slice() : survivors(node, fate.bytes());
    return {bytes, synced: bytes};
  }
  const names = new Map(node.synced);
  for (const done of node.pending) if (fate.keeps()) apply(names, done);
  const copies = new Map([...names].map(([name, inside]) => [name, crashed(inside, fate)]));
  return {names: copies, synced: new Map(copies), pending: []};
}

function survivors({bytes, synced}: File, kind: ReturnType<Fate['bytes']>): Uint8Array {
  if (kind === 'none') return synced.slice();
  if (kind === 'half') return bytes.slice(0, bytes.length / 2);
  return kind === 'zeros' ? new Uint8Array(bytes.length) : bytes.slice();
}

function emptyFolder(): Folder {
  return {names: new Map(), synced: new Map(), pending: []};
}

function base(path: string): string {
  return path.slice(dirname(path).length).replace(/^[\\/]/, '');
}
