import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {packedProject} from './packed.mjs';

const {folder} = await packedProject();

// Through the link that npm made, as npx does.
function command(...args) {
  const file = join(folder, 'node_modules/.bin/tfjs-large-margin');
  return spawnSync(process.execPath, [file, ...args], {cwd: folder, encoding: 'utf8'});
}

test('help lists the commands', () => {
  const {status, stdout} = command('help');
  assert.equal(status, 0);
  assert.match(stdout, /native[^]*doctor[^]*help/);
});

test('an unknown command is an error that names the known ones', () => {
  const {status, stderr} = command('nativ');
  assert.equal(status, 2);
  assert.equal(
    stderr.trim(),
    'tfjs-large-margin: unknown command "nativ"; known commands: native, doctor, help.',
  );
});

test('native refuses arguments that it does not know', () => {
  const {status, stderr} = command('native', '--gpus');
  assert.equal(status, 1);
  assert.match(stderr, /^\[native\] .*--gpus.* \(known: --gpu, --without-driver\)\.\n$/);
});

test("doctor finds the engines of the user's project", () => {
  const {status, stdout, stderr} = command('doctor');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /Will run on: @tensorflow\//);
});
