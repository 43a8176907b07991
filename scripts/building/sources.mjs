import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

const FOLDERS = ['src', 'plugin', 'demos'];
const FILES = [
  'package.json',
  'rollup.config.js',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.demos.json',
];

/** All files below a folder, sorted; none when there is no such folder. */
export function listFiles(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, {recursive: true}).map(name => join(folder, name));
  return entries.filter(path => statSync(path, {throwIfNoEntry: false})?.isFile()).sort();
}

/** Changes with the name or content of any source; times would not survive a checkout. */
export function fingerprint() {
  const hash = createHash('sha256');
  for (const file of [...FOLDERS.flatMap(listFiles), ...FILES])
    hash.update(`${file}\0`).update(readFileSync(file));
  return hash.digest('hex');
}
