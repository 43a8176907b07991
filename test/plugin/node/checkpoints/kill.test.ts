import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, it} from 'vitest';
import {killAtEach, NOTHING_AMISS, prepare} from '../../../support/checkpoint_kills.js';

// Kills are the same on a disk in memory, and there is less to wait for.
const memory = '/dev/shm';
const path = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'checkpoint-kills-'));
afterAll(() => rmSync(path, {recursive: true}));

// kill.long.ts kills before and after all operations, those that change nothing included, and at random times.
it('leaves the old or the new checkpoint, whole, after kill -9 at each change of the disk', async () => {
  const report = await killAtEach(await prepare(path), {when: 'after', operations: 'changing'});
  console.log(`children killed and what was amiss: ${JSON.stringify(report)}`);
  expect(report.killed).toBeGreaterThan(30);
  expect(report).toMatchObject(NOTHING_AMISS);
});
