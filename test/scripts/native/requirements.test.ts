import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {atLeast, findNvidiaDriver} from '../../../scripts/native/machine.mjs';
import {checkDriver, checkMachine, checkSpace} from '../../../scripts/native/requirements.mjs';
import {SetupError} from '../../../scripts/native/setup_error.mjs';

const good = {
  platform: 'linux',
  arch: 'x64',
  glibc: true,
  nodeMajor: 20,
  nodeVersion: '20.20.2',
  compiler: true,
  make: true,
  python: {command: 'python3', version: '3.11', pip: true},
  nodeHeaders: '/usr',
};

const messageFor = (change: object): string => {
  try {
    checkMachine({...good, ...change});
  } catch (error) {
    expect(error).toBeInstanceOf(SetupError);
    return (error as Error).message;
  }
  return '';
};

describe('checkMachine', () => {
  it('has nothing against Linux x86-64 with Node 20 or 22, Python with pip, and a compiler', () => {
    expect(messageFor({})).toBe('');
    expect(messageFor({nodeMajor: 22, nodeVersion: '22.9.0', nodeHeaders: null})).toBe('');
  });

  const elsewhere = 'The native engine can be set up on Linux x86-64 with glibc only, and this is ';
  it.each([
    ['another system', {platform: 'darwin', arch: 'arm64'}, `${elsewhere}darwin arm64: run \`npm rebuild`],
    ['another processor', {arch: 'arm64'}, `${elsewhere}linux arm64: run \`npm rebuild`],
    ['musl', {glibc: false}, `${elsewhere}linux x64 with musl: run \`npm rebuild`],
    ['Node 23', {nodeMajor: 23, nodeVersion: '23.1.0'}, 'and this is Node 23.1.0: use Node 20 or 22'],
    [
      'no Python',
      {python: null},
      'No Python was found: install it with pip (Debian: `apt-get install python3',
    ],
    ['an old Python', {python: {...good.python, version: '3.8'}}, 'Python 3.8 is too old'],
    [
      'no pip',
      {python: {...good.python, pip: false}},
      'Python 3.11 has no pip: install it (Debian: `apt-get',
    ],
    ['no compiler', {compiler: false}, 'No C++ compiler (g++) was found: install the build tools (Debian:'],
    ['no make', {make: false}, 'No make was found: install the build tools (Debian:'],
    ['neither', {compiler: false, make: false}, 'No C++ compiler (g++) and no make was found: install'],
  ])('says the way out for %s in one sentence', (_, change, words) => {
    const message = messageFor(change);
    expect(message).toContain(words);
    expect(message).toMatch(/^[^\n]*[.]$/);
  });

  it('names first what cannot be mended: a wrong system before a missing compiler', () => {
    expect(messageFor({platform: 'win32', compiler: false, python: null})).toContain('this is win32 x64');
  });
});

describe('checkSpace', () => {
  it('says how much is needed, how much is free and what to do', () => {
    expect(() => checkSpace('cache', 700e6, 200e6)).toThrow(
      'Not enough disk space in cache: 0.7 GB needed, 0.2 GB free; make room and run this again',
    );
  });

  it('is content with just enough', () => {
    expect(() => checkSpace('cache', 700e6, 700e6)).not.toThrow();
  });
});

it('atLeast compares versions by number, not by letter', () => {
  expect(atLeast('3.11', '3.9')).toBe(true);
  expect(atLeast('3.9', '3.11')).toBe(false);
  expect(atLeast('4.0', '3.9')).toBe(true);
});

describe('checkDriver', () => {
  it('takes a driver that CUDA 12.2 runs on', () => {
    expect(() => checkDriver({nvidiaDriver: '535.104.05'})).not.toThrow();
    expect(() => checkDriver({nvidiaDriver: '580.159.04'})).not.toThrow();
  });

  it('refuses none, or an old one, with the way out', () => {
    expect(() => checkDriver({nvidiaDriver: null})).toThrow(SetupError);
    expect(() => checkDriver({nvidiaDriver: null})).toThrow(
      /^No NVIDIA driver is loaded .* --without-driver\.$/,
    );
    expect(() => checkDriver({nvidiaDriver: '470.82.01'})).toThrow(
      'The NVIDIA driver 470.82.01 is too old for CUDA 12.2: install 525.60 or newer',
    );
  });
});

describe('findNvidiaDriver', () => {
  it('reads the version out of the line that the driver shows', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'large-margin-driver-')), 'version');
    writeFileSync(
      file,
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n',
    );
    expect(findNvidiaDriver(file)).toBe('535.104.05');
    rmSync(dirname(file), {recursive: true});
    expect(findNvidiaDriver(file)).toBeNull();
  });
});
