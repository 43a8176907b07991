import assert from 'node:assert/strict';
import {after} from 'node:test';
import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  makePackedProject,
  makeProjectBeside,
  readPackedProject,
  removePackedProject,
} from '../../scripts/testing/packed_project.mjs';

/** The user's project that npm test prepared, or one of our own when a file is run by itself. */
export async function packedProject() {
  const given = process.env.LARGE_MARGIN_PACKED;
  if (given) return readPackedProject(given);
  const folder = await makePackedProject();
  after(() => removePackedProject(folder));
  return readPackedProject(folder);
}

/** A user's project with these packages of tfjs and no other; removed after the tests of the file. */
export function projectWith(project, names) {
  const folder = makeProjectBeside(project, names);
  after(() => removePackedProject(folder));
  return {folder};
}

/** All of tfjs that npm brings without an addon of its own. */
export const PURE_TFJS = [
  ...['tfjs', 'tfjs-core', 'tfjs-layers', 'tfjs-data', 'tfjs-converter'],
  ...['tfjs-backend-cpu', 'tfjs-backend-webgl', 'tfjs-backend-wasm'],
];

/** Runs a program text in the user's project with a Node of its own; gives its code and output. */
export function runUserProgram({folder}, name, text) {
  writeFileSync(join(folder, name), text);
  const {status, stdout, stderr} = spawnSync(process.execPath, [name], {cwd: folder, encoding: 'utf8'});
  return {status, stdout, stderr};
}

/** The same for a program that is to end well; gives its output with the last line of it. */
export function endedWell(project, name, text) {
  const {status, stdout, stderr} = runUserProgram(project, name, text);
  assert.equal(status, 0, stderr);
  return {stdout, stderr, last: stdout.trim().split('\n').at(-1)};
}
