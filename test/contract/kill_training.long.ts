import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {
  killAtEach,
  killAtRandom,
  NOTHING_AMISS,
  prepare,
  train,
  type Place,
} from '../support/training_kills.js';

const RANDOM_KILLS = 200;

// A real disk, whose syncs take their time.
const path = mkdtempSync(join(tmpdir(), 'training-kills-'));
let place: Place;
beforeAll(() => void (place = prepare(path)));
afterAll(() => rmSync(path, {recursive: true}));

it('ends with the same bits after 200 kill -9 at random times', async () => {
  const whole = await train(place, {engine: 'native', epochs: 12, saveEvery: 1});
  const report = await killAtRandom(place, whole, RANDOM_KILLS);
  console.log(
    `training of ${whole.length.toFixed(0)} ms, ${whole.checkpoints.size} checkpoints: ${JSON.stringify(report)}`,
  );
  expect(report).toMatchObject({kills: RANDOM_KILLS, ...NOTHING_AMISS});
});

it('ends with the same bits after kill -9 right after each single write, sync, rename and removal', async () => {
  const whole = await train(place, {engine: 'native', epochs: 2, saveEvery: 4});
  const report = await killAtEach(place, whole);
  console.log(`after each operation of ${whole.checkpoints.size} checkpoints: ${JSON.stringify(report)}`);
  expect(report).toMatchObject(NOTHING_AMISS);
  // 28 operations each: a folder, five files, their syncs and renaming, and the removal of an older one.
  expect(report.kills).toBeGreaterThan(80);
  expect(report.trainings).toBe(report.kills + 1);
});
