import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {publint} from 'publint';
import {formatMessage} from 'publint/utils';
import {packedProject} from './packed.mjs';

const {installed, files} = await packedProject();
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

const expected = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/(src|plugin)\/[\w/]+\.(js|js\.map|d\.ts)$/,
  /^dist\/large-margin(-wasm)?\.umd(\.min)?\.js(\.map)?$/,
  /^scripts\/(cli|doctor)\.mjs$/,
  /^scripts\/native\/\w+\.mjs$/,
];

test('the tarball holds what is expected and nothing else', () => {
  assert.deepEqual(
    files.filter(file => !expected.some(pattern => pattern.test(file))),
    [],
  );
});

test('the tarball has a README, the licence and a changelog', () => {
  const wanted = ['README.md', 'LICENSE', 'CHANGELOG.md'];
  assert.deepEqual(
    wanted.filter(file => !files.includes(file)),
    [],
  );
});

test('every file that package.json names is there', () => {
  const named = value => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(named));
  const {main, module, types, unpkg, jsdelivr, exports, bin} = manifest;
  const paths = named([main, module, types, unpkg, jsdelivr, exports, bin]);
  assert.deepEqual(
    paths.filter(path => !existsSync(join(installed, path))),
    [],
  );
});

test('nothing in the tarball tells of the machine it was made on', () => {
  const telling = files.filter(file => readFileSync(join(installed, file), 'utf8').includes(process.cwd()));
  assert.deepEqual(telling, []);
});

test('publint has nothing to say', async () => {
  const {messages} = await publint({pkgDir: installed, level: 'warning', strict: true, pack: false});
  assert.deepEqual(
    messages.map(message => formatMessage(message, manifest, {color: false})),
    [],
  );
});
