import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Writes a result as `<name>.json` and `<name>.txt` into a folder that git ignores; returns their path without the end. */
export function writeResult(result, text, name = stamp(new Date()), folder = 'out/benchmark') {
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(join(folder, `${name}.txt`), `${text}\n`);
  return join(folder, name);
}

/** A time as a file name that sorts: 2026-11-22-1605. */
export function stamp(date) {
  const two = value => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}`;
}
