import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {stateFile} from '../../../plugin/node/state_file.js';
import {errorOf, expectRefusal} from '../../support/expect_no_leak.js';
import {temporaryFolder} from '../../support/temporary_folder.js';

const folder = temporaryFolder();

describe('stateFile', () => {
  it('reads what was written last, and null before', async () => {
    const path = join(folder, 'new', 'folder', 'state.json');
    expect(await stateFile(path).read()).toBe(null);
    for (const text of ['one', 'two é']) {
      await stateFile(path).write(text);
      expect(await stateFile(path).read()).toBe(text);
    }
    expect(readFileSync(path, 'utf8')).toBe('two é');
    // Nothing is left of what was written aside.
    expect(readdirSync(join(folder, 'new', 'folder'))).toEqual(['state.json']);
  });

  it('keeps the old text where the new one cannot be written', async () => {
    const path = join(folder, 'kept.json');
    await stateFile(path).write('old');
    // In the way of the file that is written aside.
    mkdirSync(`${path}.${process.pid}.tmp`);
    expect(await errorOf(() => stateFile(path).write('new'))).toMatchObject({
      code: expect.stringContaining('EISDIR'),
    });
    expect(await stateFile(path).read()).toBe('old');
  });

  it('lets errors of reading through but for a file that is not there', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await errorOf(() => stateFile(folder).read())).toMatchObject({code: 'EISDIR'});
    expect(await errorOf(() => stateFile(join(folder, 'file', 'a')).read())).toMatchObject({code: 'ENOTDIR'});
  });

  it('refuses what is no path', async () => {
    await expectRefusal(() => stateFile(''), 'path', 'stateFile');
    await expectRefusal(() => stateFile(5 as never), 'path');
  });
});
