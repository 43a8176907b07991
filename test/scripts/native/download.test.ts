import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {cachedWheel, cacheFolder, wheelState} from '../../../scripts/native/cache.mjs';
import {ensureWheel} from '../../../scripts/native/download.mjs';
import {gpuRecipe, recipe, wheelsOf} from '../../../scripts/native/recipe.mjs';
import {SetupError} from '../../../scripts/native/setup_error.mjs';

const GOOD = 'the right bytes';
const expected = createHash('sha256').update(GOOD).digest('hex');

let root: string;
let folder: string;
let fetched: number;
let lines: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'large-margin-cache-'));
  folder = join(root, 'cache');
  mkdirSync(folder);
  fetched = 0;
  lines = [];
});
afterEach(() => rmSync(root, {recursive: true, force: true}));

function ensure(content: string | Error, wanted = recipe) {
  const report = {
    line: (text: string) => lines.push(text),
    stage: (_: string, run: (moving: (text: string) => void) => unknown) => run(() => {}),
  };
  const fetch = async ({aside}: {aside: string}) => {
    fetched++;
    if (content instanceof Error) throw content;
    const file = join(aside, 'download');
    writeFileSync(file, content);
    return file;
  };
  return ensureWheel({folder, python: 'python3', report, wanted, fetch, expected});
}

describe('ensureWheel', () => {
  it('downloads into an empty cache', async () => {
    const file = await ensure(GOOD);
    expect(file).toBe(cachedWheel(folder));
    expect(readFileSync(file, 'utf8')).toBe(GOOD);
  });

  it('takes a cached download whose checksum is right', async () => {
    writeFileSync(cachedWheel(folder), GOOD);
    await ensure(new Error('must not be called'));
    expect(fetched).toBe(0);
  });

  it('refuses a damaged cached download and fetches it again', async () => {
    writeFileSync(cachedWheel(folder), 'the wrong bytes');
    await ensure(GOOD);
    expect(fetched).toBe(1);
    expect(lines.join()).toContain('damaged');
    expect(await wheelState(cachedWheel(folder), expected)).toBe('good');
  });

  it('keeps the wheels of CUDA apart from one another', async () => {
    const [, cublas, cupti] = wheelsOf(gpuRecipe);
    await ensure(GOOD, cublas);
    const file = await ensure(GOOD, cupti);
    expect(file).toBe(join(folder, cupti.wheel));
    expect(readdirSync(folder).sort()).toEqual([cublas.wheel, cupti.wheel].sort());
    expect(fetched).toBe(2);
  });

  it('refuses a download with a wrong checksum and keeps nothing of it', async () => {
    const error = await ensure('the wrong bytes').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetupError);
    expect((error as Error).message).toMatch(
      /has checksum .* expected .*: nothing was installed; run this again/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps nothing of a download that broke off', async () => {
    await expect(ensure(new SetupError('no network'))).rejects.toThrow('no network');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the way out when the cache folder cannot be made', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    folder = join(file, 'cache');
    await expect(ensure(GOOD)).rejects.toThrow(
      /cannot be made \(ENOTDIR\): name another one in LARGE_MARGIN_CACHE/,
    );
    expect(existsSync(folder)).toBe(false);
  });
});

describe('cacheFolder', () => {
  it('is ours below ~/.cache, unless a variable names another place', () => {
    expect(cacheFolder({}, '/home/ann')).toBe('/home/ann/.cache/tfjs-large-margin');
    expect(cacheFolder({XDG_CACHE_HOME: '/var/cache'}, '/home/ann')).toBe('/var/cache/tfjs-large-margin');
    expect(cacheFolder({XDG_CACHE_HOME: 'relative'}, '/home/ann')).toBe('/home/ann/.cache/tfjs-large-margin');
    expect(cacheFolder({LARGE_MARGIN_CACHE: '/big/disk', XDG_CACHE_HOME: '/x'}, '/home/ann')).toBe(
      '/big/disk',
    );
  });
});
