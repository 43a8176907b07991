import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, it} from 'vitest';
import {NOT_INSTALLED, startEngine} from '../../../plugin/node/start_engine.js';

const folder = mkdtempSync(join(tmpdir(), 'large-margin-engine-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

// A package by its path: to the loader it is the same.
function makePackage(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

it('gives no reason when the engine computes', async () => {
  expect(await startEngine('@tensorflow/tfjs-node', 'tensorflow')).toBe(null);
});

it('says of a package that is not there that it is not installed', async () => {
  expect(await startEngine('@tensorflow/tfjs-node-gpu', 'tensorflow')).toBe(NOT_INSTALLED);
});

it('gives the first line of what a broken package says', async () => {
  const broken = makePackage('broken.mjs', `throw new Error('the addon is broken\\n  at length');`);
  expect(await startEngine(broken, 'tensorflow')).toBe('the addon is broken');
});

it('does not take a package that lacks a dependency for one that is not installed', async () => {
  const lacking = makePackage('lacking.mjs', `import 'a-package-that-nobody-has';`);
  expect(await startEngine(lacking, 'tensorflow')).toMatch('a-package-that-nobody-has');
});

it('gives a reason when the package brings no backend of that name', async () => {
  const empty = makePackage('empty.mjs', 'export {};');
  expect(await startEngine(empty, 'nosuch')).toMatch('nosuch');
});
