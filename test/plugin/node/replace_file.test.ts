import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {replaceFile} from '../../../plugin/node/replace_file.js';
import {errorOf} from '../../support/expect_no_leak.js';
import {temporaryFolder} from '../../support/temporary_folder.js';

const folder = temporaryFolder();

describe('replaceFile', () => {
  it('makes a file, and puts another text in its place, leaving nothing else', async () => {
    const path = join(folder, 'a.txt');
    await replaceFile(path, 'first');
    expect(readFileSync(path, 'utf8')).toBe('first');
    writeFileSync(path, 'longer than the second');
    await replaceFile(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('leaves the old in place, and nothing else, where it fails', async () => {
    const path = join(folder, 'folder');
    mkdirSync(join(path, 'full'), {recursive: true});
    expect(await errorOf(() => replaceFile(path, 'text'))).toBeInstanceOf(Error);
    expect(readdirSync(path)).toEqual(['full']);
    expect(readdirSync(folder).filter(name => name.includes('tmp'))).toEqual([]);
    expect(await errorOf(() => replaceFile(join(folder, 'none', 'a.txt'), 'text'))).toMatchObject({
      code: 'ENOENT',
    });
  });
});
