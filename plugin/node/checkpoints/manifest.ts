import {createHash} from 'node:crypto';
import {CheckpointError, damaged} from './checkpoint_error.js';
import {findTwin, isFileName, type Saved} from './names.js';

/** One file of a checkpoint, as it was when saved. */
export interface FileRecord {
  name: string;
  bytes: number;
  sha256: string;
}

/** So many files a checkpoint may hold. */
export const FILES_LIMIT = 1000;
/** The largest manifest that is read, in bytes: one of FILES_LIMIT files has less than 300 for each. */
export const MANIFEST_LIMIT = 300 * (FILES_LIMIT + 1);

const FORMAT = 'tfjs-large-margin checkpoint';
const VERSION = 1;
const HASH = /^[0-9a-f]{64}$/;
// Every version ends its manifests like this, so that damage can be told from a version that we do not know.
const END = /^ {2}"checksum": "([0-9a-f]{64})"\n}\n$/;
const END_BYTES = 83;

/** Writes a manifest: JSON whose last line is the SHA-256 of all bytes above it. */
export function encodeManifest({step, save}: Saved, files: FileRecord[]): Uint8Array {
  const open = JSON.stringify({format: FORMAT, version: VERSION, step, save, files}, null, 2).slice(0, -2);
  const above = Buffer.from(`${open},\n`);
  return Buffer.concat([above, Buffer.from(`  "checksum": "${sha256(above)}"\n}\n`)]);
}

/**
 * Reads a manifest and checks it against the name of its folder; nothing in it is believed.
 *
 * @param path Where it was read, for messages.
 * @throws CheckpointError 'damaged' where a bit is not as written, the checkpoint is another one than its folder's name
 *     says, or a file name would lead out of the folder; 'newer' where a later version wrote it.
 */
export function decodeManifest(bytes: Uint8Array, saved: Saved, path: string): FileRecord[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [above, end] = [text.subarray(0, -END_BYTES), text.subarray(-END_BYTES)];
  const checksum = END.exec(end.toString('latin1'))?.[1];
  if (checksum !== sha256(above)) throw damaged(path, 'does not have the checksum that it was saved with');
  const {format, version, step, save, files} = parseAbove(above, path);
  if (format !== FORMAT || !isCount(version)) throw damaged(path, `is not a manifest of a ${FORMAT}`);
  if (version > VERSION) {
    const problem = `is of format version ${version}, and this package reads up to version ${VERSION}`;
    throw new CheckpointError('newer', path, problem, 'update tfjs-large-margin, or load another step');
  }
  if (step !== saved.step || save !== saved.save) {
    throw damaged(
      path,
      `is that of save ${String(save)} of step ${String(step)}, in the folder ${saved.name}`,
    );
  }
  const isList = Array.isArray(files) && files.length <= FILES_LIMIT && files.every(isRecord);
  if (!isList) throw damaged(path, 'has no proper list of files');
  const twin = findTwin(files.map(({name}) => name));
  if (twin !== undefined) throw damaged(path, `lists ${twin} twice`);
  return files.map(({name, bytes, sha256}) => ({name, bytes, sha256}));
}

function parseAbove(above: Buffer, path: string): Record<string, unknown> {
  try {
    // Cuts the comma off that the checksum follows.
    return JSON.parse(`${above.toString('utf8').slice(0, -2)}}`);
  } catch (error) {
    throw damaged(path, 'is not JSON', error);
  }
}

function isRecord(value: unknown): value is FileRecord {
  const {name, bytes, sha256} = (value ?? {}) as Partial<FileRecord>;
  return isFileName(name) && isCount(bytes) && typeof sha256 === 'string' && HASH.test(sha256);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
