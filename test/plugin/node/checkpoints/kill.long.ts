import {spawn} from 'node:child_process';
import {cpSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {RandomStream} from '../../../../src/index.js';
import {
  inspect,
  killAtEach,
  NOTHING_AMISS,
  prepare,
  type KillReport,
  type Place,
} from '../../../support/checkpoint_kills.js';
import {SAVER, type SaverArgs} from '../../../support/checkpoint_program.js';

const RANDOM_KILLS = 500;

const path = mkdtempSync(join(tmpdir(), 'checkpoint-kills-'));
let place: Place;
beforeAll(async () => void (place = await prepare(path)));
afterAll(() => rmSync(path, {recursive: true}));

it.each(['before', 'after'] as const)('survives kill -9 right %s each operation of two saves', async when => {
  const report = await killAtEach(place, {when, operations: 'all'});
  console.log(`right ${when} each operation: ${JSON.stringify(report)}`);
  expect(report.killed).toBeGreaterThan(80);
  expect(report).toMatchObject(NOTHING_AMISS);
});

it('survives kill -9 at 500 random times from outside', async () => {
  const report: KillReport = {killed: 0, ...NOTHING_AMISS};
  const random = new RandomStream(12);
  const saves = Array.from({length: 10_000}, (_, i): [number, number] => [i + 3, i + 3]);
  const folder = join(path, 'child');
  let progress = 0;
  while (report.killed < RANDOM_KILLS) {
    cpSync(join(path, 'before'), folder, {recursive: true});
    const saved = await killLater({store: place.store, folder, saves}, random.next() * 100);
    report.killed++;
    progress += saved;
    const possible = [[2, 2] as [number, number], ...saves].slice(saved, saved + 2);
    await inspect(folder, possible, report);
    rmSync(folder, {recursive: true});
  }
  console.log(`at random times, after ${progress} saves in all: ${JSON.stringify(report)}`);
  expect(progress).toBeGreaterThan(RANDOM_KILLS);
  expect(report).toEqual({killed: RANDOM_KILLS, ...NOTHING_AMISS});
});

/** Kills a saver so many milliseconds after its first save; how many saves it had told of by then. */
function killLater(args: Pick<SaverArgs, 'store' | 'folder' | 'saves'>, delay: number): Promise<number> {
  const all = {...args, keep: 2, at: 0, when: 'after', operations: 'all', most: 180};
  const child = spawn(process.execPath, [SAVER, JSON.stringify(all)], {stdio: ['ignore', 'pipe', 'inherit']});
  let output = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', chunk => {
      if (output === '') setTimeout(() => child.kill('SIGKILL'), delay);
      output += chunk;
    });
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(output.match(/^saved \d+$/gm)?.length ?? 0);
      else reject(new Error(`the child ended by itself after ${output}`));
    });
  });
}
