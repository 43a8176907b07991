import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';
import {CheckpointError, CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import {RandomStream} from '../../../../src/index.js';
import {CheckpointDisk} from '../../../support/checkpoint_disk.js';
import {labelOf} from '../../../support/checkpoint_kills.js';
import {filesOf} from '../../../support/checkpoint_operations.mjs';

const FOLDER = '/runs/first';
const NAMES = ['weights.bin', 'optimizer.bin', 'state.json', 'manifest.json'];

let disk: CheckpointDisk;
let checkpoints: CheckpointFolder;
/** The folders of checkpoints 11 and 12, with other bytes in files of the same names and sizes; 10 stays sound. */
let older: string;
let newer: string;

beforeEach(async () => {
  disk = new CheckpointDisk();
  checkpoints = new CheckpointFolder(FOLDER, {keep: 3}, disk);
  await checkpoints.save(10, filesOf(5));
  older = await checkpoints.save(11, filesOf(1));
  newer = await checkpoints.save(12, filesOf(3));
  expect(labelOf((await checkpoints.load())!.files)).toBe(3);
});

/** Whether loading throws 'damaged' and names a file of the newest checkpoint, and falls back to a sound one. */
async function isNoticed(damaged: number): Promise<boolean> {
  const error = await checkpoints.load().catch((error: unknown) => error);
  if (!(error instanceof CheckpointError) || error.code !== 'damaged') return false;
  if (!error.path.startsWith(newer) || !error.message.includes(error.path)) return false;
  const stored = await checkpoints.load({fallback: true});
  const [step, label] = damaged === 1 ? [11, 1] : [10, 5];
  const isSound = stored?.step === step && labelOf(stored.files) === label;
  return isSound && stored.skipped.length === damaged && stored.skipped[0].message === error.message;
}

/** Does each damage to a disk of its own and counts those that nobody noticed. */
async function count(damages: Array<() => void>, damaged = 1): Promise<{done: number; unnoticed: number}> {
  const [sound, counts] = [disk, {done: 0, unnoticed: 0}];
  const use = (other: CheckpointDisk) => {
    disk = other;
    checkpoints = new CheckpointFolder(FOLDER, {}, disk);
  };
  for (const damage of damages) {
    use(sound.clone());
    damage();
    counts.done++;
    if (!(await isNoticed(damaged))) counts.unnoticed++;
  }
  use(sound);
  return counts;
}

/** A bit of a checkpoint, by its number over all its files. */
function flip(bit: number): void {
  for (const name of NAMES) {
    const bytes = disk.bytesOf(join(newer, name));
    if (bit < bytes.length * 8) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      return;
    }
    bit -= bytes.length * 8;
  }
}

const bitsOf = (path: string) =>
  8 * NAMES.reduce((sum, name) => sum + disk.bytesOf(join(path, name)).length, 0);
const read = (path: string) => disk.bytesOf(path).slice();

describe('a damaged checkpoint', () => {
  it('is noticed for each bit there is, and 10,000 random ones', async () => {
    const bits = bitsOf(newer);
    const random = new RandomStream(14);
    const draws = Array.from({length: 10_000}, () => Math.floor(random.next() * bits));
    const counts = await count([...Array(bits).keys(), ...draws].map(bit => () => flip(bit)));
    console.log(`single bits: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({done: bits + 10_000, unnoticed: 0});
  });

  it('is noticed for each shorter length of each file, and 1 to 64 bytes more', async () => {
    const lengths = NAMES.flatMap(name => {
      const bytes = read(join(newer, name));
      const shorter = Array.from({length: bytes.length}, (_, n) => bytes.slice(0, n));
      const longer = Array.from({length: 64}, (_, n) => Buffer.concat([bytes, new Uint8Array(n + 1)]));
      const again = Buffer.concat([bytes, bytes]);
      return [...shorter, ...longer, again].map(other => () => disk.put(join(newer, name), other));
    });
    const counts = await count(lengths);
    console.log(`lengths: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({done: lengths.length, unnoticed: 0});
  });

  it('is noticed where files are deleted, renamed, added, emptied or swapped', async () => {
    const damages = NAMES.flatMap(name => {
      const path = join(newer, name);
      return [
        () => void disk.removeFile(path),
        () => void disk.rename(path, `${path}.bak`),
        () => void disk.rename(path, join(newer, name.toUpperCase())),
        () => disk.put(path, new Uint8Array()),
        () => disk.put(path, new Uint8Array(read(path).length)),
        () => disk.put(`${path}.tmp`, read(path)),
        () => disk.put(path, read(join(older, name))),
        ...NAMES.filter(other => other < name).map(other => () => swap(path, join(newer, other))),
      ];
    });
    const between = NAMES.map(name => () => swap(join(newer, name), join(older, name)));
    const counts = [await count(damages), await count(between, 2)];
    console.log(`files in one and between two checkpoints: ${JSON.stringify(counts)}`);
    expect(counts).toEqual([
      {done: 4 * 7 + 6, unnoticed: 0},
      {done: 4, unnoticed: 0},
    ]);
  });

  it('is noticed where its folder or a whole other checkpoint has its name', async () => {
    const swapFolders = () => {
      void disk.rename(newer, '/runs/first/aside');
      void disk.rename(older, newer);
      void disk.rename('/runs/first/aside', older);
    };
    const renameOlder = () => void disk.rename(older, '/runs/first/step-00000013.4');
    expect(await count([swapFolders], 2)).toEqual({done: 1, unnoticed: 0});
    renameOlder();
    const error = await checkpoints.load().catch((error: unknown) => error);
    expect(error).toMatchObject({code: 'damaged', path: '/runs/first/step-00000013.4/manifest.json'});
  });

  it('is noticed on a real disk as on the one in memory: 100 bits, 100 lengths', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'checkpoint-damage-'));
    try {
      const real = new CheckpointFolder(folder);
      const path = await real.save(12, filesOf(3));
      const random = new RandomStream(41);
      const draw = (n: number) => Math.floor(random.next() * n);
      for (let i = 0; i < 200; i++) {
        const file = join(path, NAMES[draw(4)]);
        const sound = readFileSync(file);
        const other = i % 2 ? sound.subarray(0, draw(sound.length)) : Buffer.from(sound);
        if (i % 2 === 0) other[draw(other.length)] ^= 1 << draw(8);
        writeFileSync(file, other);
        await expect(real.load()).rejects.toMatchObject({
          name: 'CheckpointError',
          code: 'damaged',
          path: file,
        });
        writeFileSync(file, sound);
      }
      expect(labelOf((await real.load())!.files)).toBe(3);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });
});

function swap(a: string, b: string): void {
  const [first, second] = [read(a), read(b)];
  disk.put(a, second);
  disk.put(b, first);
}
