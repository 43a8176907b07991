import {existsSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {EventFile} from '../../../plugin/node/event_file.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {eventFiles, readEvents} from '../../support/read_events.js';
import {temporaryFolder} from '../../support/temporary_folder.js';

const root = temporaryFolder();
const now = () => 1_700_000_000_250;
const wallTime = 1_700_000_000.25;

describe('EventFile', () => {
  it('makes no file before there is something to write', async () => {
    const folder = join(root, 'nothing');
    const file = new EventFile(folder, now);
    file.add(1, {});
    await file.flush();
    expect([existsSync(folder), file.pending]).toEqual([false, 0]);
  });

  it('keeps events in memory until it is flushed, and then in one file', async () => {
    const folder = join(root, 'flushed');
    const file = new EventFile(folder, now);
    file.add(0, {a: 1, b: -0.5});
    file.add(1, {a: NaN});
    expect([existsSync(folder), file.pending]).toEqual([false, 2]);
    await file.flush();
    file.add(2, {a: 3});
    await file.flush();
    expect(file.pending).toBe(0);
    expect(eventFiles(folder)).toEqual(['events.out.tfevents.1700000000.0000']);
    expect(readEvents(folder)).toEqual([
      {tag: 'a', step: 0, value: 1, wallTime},
      {tag: 'b', step: 0, value: -0.5, wallTime},
      {tag: 'a', step: 1, value: NaN, wallTime},
      {tag: 'a', step: 2, value: 3, wallTime},
    ]);
  });

  it('takes another name where one is taken, in the order of the names', async () => {
    const folder = join(root, 'taken');
    for (const step of [0, 1, 2]) {
      const file = new EventFile(folder, now);
      file.add(step, {a: step});
      await file.flush();
    }
    expect(eventFiles(folder)).toHaveLength(3);
    expect(readEvents(folder).map(({step}) => step)).toEqual([0, 1, 2]);
  });

  it('keeps what it could not write for another file', async () => {
    const folder = join(root, 'blocked');
    writeFileSync(folder, '');
    const file = new EventFile(folder, now);
    file.add(5, {a: 1});
    expect(await errorOf(() => file.flush())).toMatchObject({code: 'EEXIST'});
    expect(file.pending).toBe(1);
    rmSync(folder);
    await file.flush();
    rmSync(folder, {recursive: true});
    file.add(6, {a: 2});
    expect(await errorOf(() => file.flush())).toMatchObject({code: 'ENOENT'});
    await file.flush();
    expect(readEvents(folder).map(({step}) => step)).toEqual([6]);
  });
});
