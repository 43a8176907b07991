import {symlinkSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect, it} from 'vitest';
import {runCommand} from '../../../scripts/native/run_command.mjs';
import {temporaryFolder} from '../../support/temporary_folder.js';

const MODULE = pathToFileURL(resolve('scripts/native/is_main.mjs')).href;

it('says which module node was started on, also through a link', async () => {
  const folder = temporaryFolder();
  const [program, link, other] = ['program.mjs', 'link.mjs', 'other.mjs'].map(name => join(folder, name));
  writeFileSync(program, `import {isMain} from '${MODULE}'; console.log(isMain(import.meta.url));`);
  symlinkSync(program, link);
  writeFileSync(other, `import './program.mjs';`);
  const said = async (...args: string[]) => (await runCommand(process.execPath, args)).stdout.trim();
  expect([await said(program), await said(link), await said(other)]).toEqual(['true', 'true', 'false']);
  expect(await said('--input-type=module', '-e', `import '${pathToFileURL(program).href}'`)).toBe('false');
});
