import {createHash} from 'node:crypto';
import {existsSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {memory} from '@tensorflow/tfjs-core';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {CheckpointError, CheckpointFolder} from '../../../../plugin/node/checkpoints/index.js';
import {nodeFileSystem, type FileSystem} from '../../../../plugin/node/checkpoints/file_system.js';
import {labelOf} from '../../../support/checkpoint_kills.js';
import {filesOf} from '../../../support/checkpoint_operations.mjs';
import {errorOf, expectRefusal} from '../../../support/expect_no_leak.js';

let place: string;
let folder: string;
let checkpoints: CheckpointFolder;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'checkpoint-folder-'));
  folder = join(place, 'runs', 'first');
  checkpoints = new CheckpointFolder(folder);
});
afterEach(() => rmSync(place, {recursive: true}));

/** A manifest with the right checksum, of the next version of the format. */
const LATER = (() => {
  const above = '{\n  "format": "tfjs-large-margin checkpoint",\n  "version": 2,\n';
  const checksum = createHash('sha256').update(above).digest('hex');
  return `${above}  "checksum": "${checksum}"\n}\n`;
})();

/** Flips a bit of the weights. */
function damage(path: string): void {
  const weights: Uint8Array = filesOf(1)['weights.bin'];
  writeFileSync(
    join(path, 'weights.bin'),
    weights.map(byte => byte ^ 1),
  );
}

describe('CheckpointFolder', () => {
  it('gives back what was saved last, byte for byte, and makes no tensor', async () => {
    const before = memory().numTensors;
    await checkpoints.save(100, filesOf(1));
    const path = await checkpoints.save(200, filesOf(2));
    const stored = await checkpoints.load();
    expect(stored).toEqual({step: 200, files: filesOf(2), path, skipped: []});
    expect(stored!.files['weights.bin']).toBeInstanceOf(Uint8Array);
    expect(path).toBe(join(folder, 'step-00000200.2'));
    expect(readdirSync(path).sort()).toEqual(['manifest.json', ...Object.keys(filesOf(2)).sort()].sort());
    expect(memory().numTensors).toBe(before);
  });

  it('has nothing, and makes nothing, before the first save', async () => {
    expect([await checkpoints.load(), await checkpoints.list()]).toEqual([undefined, []]);
    expect(existsSync(folder)).toBe(false);
  });

  it('keeps as many as it is told, two by default, and lists their steps', async () => {
    for (const step of [9, 10, 100]) await checkpoints.save(step, filesOf(step));
    expect(await checkpoints.list()).toEqual([10, 100]);
    const one = new CheckpointFolder(folder, {keep: 1});
    await one.save(101, filesOf(101));
    expect([await one.list(), readdirSync(folder)]).toEqual([[101], ['step-00000101.4']]);
    const all = new CheckpointFolder(folder, {keep: Infinity});
    for (const step of [102, 103, 104]) await all.save(step, filesOf(step));
    expect(await all.list()).toEqual([101, 102, 103, 104]);
  });

  it('has a step once, with the files saved last', async () => {
    await checkpoints.save(1, filesOf(1));
    await checkpoints.save(2, filesOf(2));
    await checkpoints.save(2, filesOf(3));
    expect(await checkpoints.list()).toEqual([1, 2]);
    expect(labelOf((await checkpoints.load({step: 2}))!.files)).toBe(3);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('takes what was saved last for the newest where training went back', async () => {
    for (const step of [80, 90, 100]) await checkpoints.save(step, filesOf(step));
    await checkpoints.save(85, filesOf(85));
    expect((await checkpoints.load())!.step).toBe(85);
    expect(await checkpoints.list()).toEqual([85, 100]);
  });

  it('loads the checkpoint of a step, and names the steps there where that is missing', async () => {
    await checkpoints.save(1, filesOf(1));
    await checkpoints.save(2, filesOf(2));
    expect(labelOf((await checkpoints.load({step: 1}))!.files)).toBe(1);
    const error = await errorOf(() => checkpoints.load({step: 3, fallback: true}));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({code: 'missing', path: folder});
    expect((error as Error).message).toMatch(/has no checkpoint of step 3; steps there: 1, 2$/);
    expect(await errorOf(() => new CheckpointFolder(place).load({step: 3}))).toMatchObject({
      message: expect.stringMatching(/steps there: none$/),
    });
  });

  it('saves the bytes as they were when save was called', async () => {
    const files = filesOf(1);
    const saving = checkpoints.save(1, files);
    files['weights.bin'].fill(0);
    await saving;
    expect(labelOf((await checkpoints.load())!.files)).toBe(1);
  });

  it('does one thing after the other where several are asked at once', async () => {
    const labels = [1, 2, 3, 4, 5];
    const saves = labels.map(label => checkpoints.save(label, filesOf(label)));
    const loaded = checkpoints.load();
    expect((await Promise.all(saves)).map(path => basename(path))).toEqual(
      labels.map(label => `step-0000000${label}.${label}`),
    );
    expect((await loaded)!.step).toBe(5);
    expect(readdirSync(folder).sort()).toEqual(['step-00000004.4', 'step-00000005.5']);
  });

  it('saves on after a save that failed', async () => {
    const results = await Promise.allSettled([
      checkpoints.save(1, filesOf(1)),
      checkpoints.save(-1, filesOf(2)),
      checkpoints.save(3, filesOf(3)),
    ]);
    expect(results.map(({status}) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await checkpoints.list()).toEqual([1, 3]);
  });

  it('throws at a damaged newest, or falls back and says what it passed over', async () => {
    await checkpoints.save(1, filesOf(1));
    const path = await checkpoints.save(2, filesOf(2));
    damage(path);
    const error = await errorOf(() => checkpoints.load());
    expect(error).toMatchObject({code: 'damaged', path: join(path, 'weights.bin')});
    const stored = await checkpoints.load({fallback: true});
    expect([stored!.step, labelOf(stored!.files)]).toEqual([1, 1]);
    expect(stored!.skipped).toEqual([error]);
    expect((await checkpoints.load({fallback: true, step: 2}))!.step).toBe(1);
  });

  it('says so where no checkpoint is whole, fallback or not', async () => {
    damage(await checkpoints.save(1, filesOf(1)));
    damage(await checkpoints.save(2, filesOf(2)));
    const error = await errorOf(() => checkpoints.load({fallback: true}));
    expect(error).toMatchObject({name: 'CheckpointError', code: 'damaged', path: folder});
    expect((error as Error).message).toMatch(/no whole checkpoint, of 2 .*step-00000002.*start anew/);
  });

  it('does not count damaged checkpoints among those that it keeps, also those of another object', async () => {
    await checkpoints.save(1, filesOf(1));
    damage(await checkpoints.save(2, filesOf(2)));
    const resumed = new CheckpointFolder(folder);
    await resumed.save(3, filesOf(3));
    expect(await resumed.list()).toEqual([1, 2, 3]);
    await resumed.save(4, filesOf(4));
    expect(await resumed.list()).toEqual([3, 4]);
  });

  it('looks once at most whether an older checkpoint is whole', async () => {
    for (const step of [1, 2]) await checkpoints.save(step, filesOf(step));
    const opened: string[] = [];
    const spied: FileSystem = {
      ...nodeFileSystem,
      open: path => (opened.push(basename(path)), nodeFileSystem.open(path)),
    };
    const resumed = new CheckpointFolder(folder, {keep: 3}, spied);
    await resumed.load();
    const loading = opened.length;
    for (const step of [3, 4, 5]) await resumed.save(step, filesOf(step));
    // The one of step 1: the manifest and three files.
    expect([loading, opened.length]).toEqual([4, 8]);
  });

  it('neither passes over a checkpoint of a later version nor takes it for its own', async () => {
    await checkpoints.save(1, filesOf(1));
    const path = await checkpoints.save(2, filesOf(2));
    writeFileSync(join(path, 'manifest.json'), LATER);
    for (const fallback of [false, true]) {
      const error = await errorOf(() => checkpoints.load({fallback}));
      expect(error).toMatchObject({code: 'newer', path: join(path, 'manifest.json')});
    }
    expect((await checkpoints.load({step: 1}))!.step).toBe(1);
  });

  it('looks again where another program removed a checkpoint while it was being read', async () => {
    await checkpoints.save(1, filesOf(1));
    const reader = new CheckpointFolder(
      folder,
      {},
      {
        ...nodeFileSystem,
        async open(path) {
          if (path.includes('step-00000001'))
            for (const step of [2, 3]) await checkpoints.save(step, filesOf(step));
          return nodeFileSystem.open(path);
        },
      },
    );
    const stored = await reader.load();
    expect([stored!.step, labelOf(stored!.files), stored!.skipped]).toEqual([3, 3, []]);
  });

  it('refuses a link in the place of a checkpoint', async () => {
    const path = await checkpoints.save(1, filesOf(1));
    renameSync(path, join(place, 'elsewhere'));
    symlinkSync(join(place, 'elsewhere'), path);
    expect(await errorOf(() => checkpoints.load())).toMatchObject({code: 'damaged', path});
  });

  it('leaves other things in the folder alone', async () => {
    await checkpoints.save(1, filesOf(1));
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    for (const step of [2, 3, 4]) await checkpoints.save(step, filesOf(step));
    expect(readdirSync(folder)).toContain('notes.txt');
    expect(await checkpoints.list()).toEqual([3, 4]);
  });

  it('cannot save where a file is in the way, or load from it, and says so', async () => {
    writeFileSync(join(place, 'file'), '');
    for (const path of [join(place, 'file'), join(place, 'file', 'sub')]) {
      const error = await errorOf(() => new CheckpointFolder(path).save(1, filesOf(1)));
      expect(error).toMatchObject({name: 'CheckpointError', code: 'unwritable', path});
      expect(await errorOf(() => new CheckpointFolder(path).load())).toMatchObject({code: 'damaged', path});
    }
  });

  it('stays where it was made when the process changes its folder', async () => {
    const before = process.cwd();
    try {
      process.chdir(place);
      const relative = new CheckpointFolder('here');
      process.chdir(before);
      await relative.save(1, filesOf(1));
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(place, 'here'))).toBe(true);
  });

  it.each([undefined, null, '', 3])('refuses %s for a folder', async value => {
    await expectRefusal(() => new CheckpointFolder(value as string), 'folder', /^CheckpointFolder: /);
  });

  it.each([0, -1, 1.5, NaN, '2', null])('refuses to keep %s', async keep => {
    await expectRefusal(() => new CheckpointFolder('x', {keep: keep as number}), 'keep', 'integer >= 1');
  });

  it('refuses steps and files that cannot be, and saves nothing of them', async () => {
    await expectRefusal(() => checkpoints.save(0.5, filesOf(1)), 'step', 'CheckpointFolder.save');
    await expectRefusal(() => checkpoints.save(1, {'../x': new Uint8Array()}), 'files', '../x');
    await expectRefusal(() => checkpoints.load({step: -1}), 'step', 'CheckpointFolder.load');
    await expectRefusal(() => checkpoints.load({fallback: 'yes' as never}), 'fallback');
    expect(existsSync(folder)).toBe(false);
  });
});
