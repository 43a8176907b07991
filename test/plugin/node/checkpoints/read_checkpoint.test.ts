import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {CHUNK, nodeFileSystem, type FileSystem} from '../../../../plugin/node/checkpoints/file_system.js';
import {encodeManifest, MANIFEST_LIMIT} from '../../../../plugin/node/checkpoints/manifest.js';
import {savedName} from '../../../../plugin/node/checkpoints/names.js';
import {isWhole, readCheckpoint} from '../../../../plugin/node/checkpoints/read_checkpoint.js';
import {writeCheckpoint} from '../../../../plugin/node/checkpoints/write_checkpoint.js';

const saved = {name: savedName(12, 7), step: 12, save: 7};
const weights = Uint8Array.of(1, 2, 3);

let folder: string;
let path: string;
/** What was opened, and how many bytes were read of it. */
let opened: Map<string, number>;
const spied: FileSystem = {
  ...nodeFileSystem,
  async open(file) {
    opened.set(file, 0);
    const inside = await nodeFileSystem.open(file);
    return {
      ...inside,
      async read(into) {
        const count = await inside.read(into);
        opened.set(file, opened.get(file)! + count);
        return count;
      },
    };
  },
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-read-'));
  opened = new Map();
  path = await writeCheckpoint(nodeFileSystem, folder, saved, [
    ['weights.bin', weights],
    ['empty', new Uint8Array()],
  ]);
});
afterEach(() => rmSync(folder, {recursive: true}));

async function expectDamaged(file: string, problem: RegExp): Promise<void> {
  const message = expect.stringMatching(problem);
  const error = {name: 'CheckpointError', code: 'damaged', path: join(path, file), message};
  await expect(readCheckpoint(spied, path, saved)).rejects.toMatchObject(error);
  expect(await isWhole(spied, path, saved)).toBe(false);
  // Nothing outside of it was ever opened.
  expect([...opened.keys()].map(dirname).filter(place => place !== path)).toEqual([]);
}

describe('readCheckpoint', () => {
  it('gives the files that were written, empty ones included', async () => {
    expect(await readCheckpoint(spied, path, saved)).toEqual({
      'weights.bin': weights,
      empty: new Uint8Array(),
    });
    expect(await isWhole(spied, path, saved)).toBe(true);
  });

  it('reads a file of several chunks', async () => {
    const long = Uint8Array.from({length: 2 * CHUNK + 5}, (_, i) => (i * 2654435761) >>> 24);
    const other = {name: savedName(13, 8), step: 13, save: 8};
    const place = await writeCheckpoint(nodeFileSystem, folder, other, [['long.bin', long]]);
    const {'long.bin': read} = await readCheckpoint(nodeFileSystem, place, other);
    expect(Buffer.compare(read, long)).toBe(0);
    expect(await isWhole(nodeFileSystem, place, other)).toBe(true);
    // One bit of the last chunk.
    long[2 * CHUNK + 4] ^= 1;
    writeFileSync(join(place, 'long.bin'), long);
    expect(await isWhole(nodeFileSystem, place, other)).toBe(false);
  });

  it('reads on where the system gives a few bytes at a time', async () => {
    const slow: FileSystem = {
      ...nodeFileSystem,
      async open(file) {
        const inside = await nodeFileSystem.open(file);
        return {...inside, read: into => inside.read(into.subarray(0, 2))};
      },
    };
    expect((await readCheckpoint(slow, path, saved))['weights.bin']).toEqual(weights);
  });

  it('refuses a symbolic link, also to the very bytes, and opens nothing', async () => {
    const secret = join(folder, 'secret');
    renameSync(join(path, 'weights.bin'), secret);
    symlinkSync(secret, join(path, 'weights.bin'));
    await expectDamaged('weights.bin', /is not a plain file/);
    expect(opened.size).toBe(0);
  });

  it('refuses a pipe and a folder among the files, and opens nothing', async () => {
    execFileSync('mkfifo', [join(path, 'pipe')]);
    await expectDamaged('pipe', /is not a plain file/);
    rmSync(join(path, 'pipe'));
    mkdirSync(join(path, 'sub'));
    await expectDamaged('sub', /is not a plain file/);
    expect(opened.size).toBe(0);
  });

  it('refuses a link or a file in the place of the whole folder', async () => {
    const aside = join(folder, 'aside');
    renameSync(path, aside);
    writeFileSync(path, 'a file');
    const refused = {code: 'damaged', path, message: expect.stringMatching(/is not a folder/)};
    await expect(readCheckpoint(spied, path, saved)).rejects.toMatchObject(refused);
    rmSync(path);
    symlinkSync(aside, path);
    await expect(readCheckpoint(spied, path, saved)).rejects.toMatchObject(refused);
    expect(opened.size).toBe(0);
  });

  it('reads no byte of a file whose size is not that of the manifest: a terabyte', async () => {
    truncateSync(join(path, 'weights.bin'), 2 ** 40);
    await expectDamaged('weights.bin', /has 1099511627776 bytes instead of 3/);
    expect(opened.get(join(path, 'weights.bin'))).toBe(0);
  });

  it('says so where a file is larger than memory can be, though its manifest fits', async () => {
    const record = {name: 'weights.bin', bytes: 2 ** 42, sha256: 'ab'.repeat(32)};
    const empty = {name: 'empty', bytes: 0, sha256: createHash('sha256').digest('hex')};
    writeFileSync(join(path, 'manifest.json'), encodeManifest(saved, [record, empty]));
    const huge: FileSystem = {
      ...spied,
      async open(file) {
        const inside = await spied.open(file);
        return basename(file) === 'weights.bin' ? {...inside, size: async () => 2 ** 42} : inside;
      },
    };
    await expect(readCheckpoint(huge, path, saved)).rejects.toMatchObject({
      ...{code: 'damaged', path: join(path, 'weights.bin')},
      message: expect.stringMatching(/more than there is memory for/),
    });
  });

  it('reads no byte of a manifest that is too long', async () => {
    truncateSync(join(path, 'manifest.json'), MANIFEST_LIMIT + 1);
    await expectDamaged('manifest.json', /a manifest at most/);
    expect(opened.get(join(path, 'manifest.json'))).toBe(0);
  });

  it('names a file that is not there, one too many, and one that ends while it is read', async () => {
    writeFileSync(join(path, 'extra'), '');
    await expectDamaged('extra', /is no file of this checkpoint/);
    rmSync(join(path, 'extra'));
    const cut: FileSystem = {
      ...nodeFileSystem,
      open: async file => ({...(await nodeFileSystem.open(file)), read: async () => 0}),
    };
    await expect(readCheckpoint(cut, path, saved)).rejects.toMatchObject({
      message: expect.stringMatching(/manifest.json ended after 0 of/),
    });
    rmSync(join(path, 'weights.bin'));
    await expectDamaged('weights.bin', /is not there/);
    rmSync(join(path, 'manifest.json'));
    await expectDamaged('manifest.json', /is not there/);
  });
});

describe('isWhole', () => {
  it('lets mistakes of a program through', async () => {
    const mistake = new TypeError('not a function');
    const broken = {...nodeFileSystem, list: async () => Promise.reject(mistake)};
    await expect(isWhole(broken, path, saved)).rejects.toBe(mistake);
  });
});
