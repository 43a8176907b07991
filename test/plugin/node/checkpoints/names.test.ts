import {describe, expect, it} from 'vitest';
import {
  findTwin,
  isFileName,
  isTemporary,
  parseSaved,
  savedName,
  temporaryName,
} from '../../../../plugin/node/checkpoints/names.js';

describe('the name of a finished checkpoint', () => {
  it.each([
    [12, 7, 'step-00000012.7'],
    [0, 1, 'step-00000000.1'],
    [123456789, 10, 'step-123456789.10'],
  ])('of step %i, save %i is %s, and is read back', (step, save, name) => {
    expect(savedName(step, save)).toBe(name);
    expect(parseSaved(name)).toEqual({name, step, save});
  });

  it.each([
    ...[
      'step-12.7',
      'step-00000012',
      'step-00000012.07',
      'step-000000012.7',
      'step--0000012.7',
      'step-00000012.',
    ],
    ...[
      'xstep-00000012.7',
      'step-00000012.7x',
      'step-00000012.7\n',
      'step-00000012.9007199254740993',
      '',
      'latest',
    ],
  ])('is not %j', name => expect(parseSaved(name)).toBeUndefined());
});

describe('a temporary name', () => {
  it.each(['writing', 'deleting'] as const)(
    'for %s is known as such, is no finished one, and is new',
    doing => {
      const name = temporaryName(doing, savedName(12, 7));
      expect(isTemporary(name)).toBe(true);
      expect(parseSaved(name)).toBeUndefined();
      expect(temporaryName(doing, savedName(12, 7))).not.toBe(name);
      // Deleting what was being written goes by a change of this word.
      expect(isTemporary(name.replace('.writing-', '.deleting-'))).toBe(true);
    },
  );

  it.each([
    '.git',
    '.writing-notes',
    'step-00000012.7',
    '.deleting-step-00000012.7',
    '.writing-step-1.1-xyz',
  ])('is not %s: nothing of the user is cleaned away', name => expect(isTemporary(name)).toBe(false));
});

describe('a file of a checkpoint', () => {
  it.each([
    'weights.bin',
    'model.json',
    'a',
    '0',
    'A-b_c.d',
    'constructor',
    'x'.repeat(128),
    'console.log',
    'a..b',
  ])('may be called %s', name => expect(isFileName(name)).toBe(true));

  it.each([
    ...[
      '',
      '.',
      '..',
      '../x',
      'a/b',
      'a\\b',
      '/etc/passwd',
      'C:\\x',
      'C:x',
      '%2e%2e/x',
      '.hidden',
      '_x',
      '-rf',
    ],
    ...[
      'x\0',
      'x\n',
      'a b',
      'é',
      'x.',
      'x'.repeat(129),
      'manifest.json',
      'MANIFEST.json',
      'con',
      'AUX.bin',
      'com1',
    ],
    ...['__proto__', 3, null, undefined],
  ])('may not be called %j', name => expect(isFileName(name)).toBe(false));

  it('has a twin where another name differs by case alone', () => {
    expect(findTwin(['a', 'b', 'A'])).toBe('A');
    expect(findTwin(['a', 'b', 'ab'])).toBeUndefined();
  });
});
