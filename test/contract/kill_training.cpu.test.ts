import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, it} from 'vitest';
import {killAtRandom, NOTHING_AMISS, prepare, train} from '../support/training_kills.js';

// Kills are the same on a disk in memory, and there is less to wait for.
const memory = '/dev/shm';
const path = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'training-kills-'));
afterAll(() => rmSync(path, {recursive: true}));

it('ends with the same bits after 10 kill -9 at random times, on the cpu engine', async () => {
  const place = prepare(path);
  const whole = await train(place, {engine: 'cpu', epochs: 6, saveEvery: 2});
  const report = await killAtRandom(place, whole, 10);
  console.log(
    `training of ${whole.length.toFixed(0)} ms, ${whole.checkpoints.size} checkpoints: ${JSON.stringify(report)}`,
  );
  expect(report).toMatchObject({kills: 10, ...NOTHING_AMISS});
  expect(report.trainings).toBeGreaterThan(0);
}, 120_000);
