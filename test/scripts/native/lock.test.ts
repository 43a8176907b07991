import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect, it} from 'vitest';
import {withLock} from '../../../scripts/native/lock.mjs';

const unique = (name: string) => `${name}-${process.pid}-${Date.now()}`;

it('two who want the same lock come one after the other', async () => {
  const folder = unique('shared');
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} in`);
    await new Promise(resolve => setImmediate(resolve));
    events.push(`${name} out`);
  };
  await Promise.all([withLock(folder, work('a')), withLock(folder, work('b'))]);
  expect(events).toHaveLength(4);
  expect(events[0].replace('in', 'out')).toBe(events[1]);
  expect(events[2].replace('in', 'out')).toBe(events[3]);
});

it('who had to wait is told so, once', async () => {
  const folder = unique('waiting');
  let notices = 0;
  let release = () => {};
  const held = new Promise<void>(resolve => (release = resolve));
  const onWait = () => {
    notices++;
    release();
  };
  const first = withLock(folder, () => held.then(() => 'first'));
  const second = withLock(folder, async ({waited}: {waited: boolean}) => waited, {onWait});
  expect(await first).toBe('first');
  expect(await second).toBe(true);
  expect(notices).toBe(1);
});

it('an error inside frees the lock', async () => {
  const folder = unique('failing');
  await expect(withLock(folder, () => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
  expect(await withLock(folder, async () => 'free')).toBe('free');
});

it('the lock of a killed process is free again', async () => {
  const folder = unique('killed');
  const program = `
    const {withLock} = await import(process.argv[1]);
    await withLock(process.argv[2], () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1e6)); });`;
  const lock = new URL('../../../scripts/native/lock.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, lock, folder]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  let notices = 0;
  expect(await withLock(folder, async () => 'free', {onWait: () => notices++})).toBe('free');
  expect(notices).toBe(0);
});
