import {describe, expect, it} from 'vitest';
import {
  CheckpointError,
  damaged,
  ifPossible,
  isSystemError,
  reading,
  writing,
} from '../../../../plugin/node/checkpoints/checkpoint_error.js';
import {errorOf} from '../../../support/expect_no_leak.js';
import {systemError} from '../../../support/checkpoint_operations.mjs';

const failing = (error: unknown) => async () => {
  throw error;
};

describe('CheckpointError', () => {
  it('says which file, what is wrong and the way out, in one sentence', () => {
    const error = new CheckpointError(
      'missing',
      '/runs/a',
      'has no checkpoint of step 3',
      'steps there: 1, 2',
    );
    expect(error.message).toBe('CheckpointFolder: /runs/a has no checkpoint of step 3; steps there: 1, 2');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({name: 'CheckpointError', code: 'missing', path: '/runs/a'});
  });

  it('is of the code damaged, with two ways out, for a file that is not as it was saved', () => {
    const error = damaged('/runs/a/w.bin', 'has 1 bytes instead of 2');
    expect(error.code).toBe('damaged');
    expect(error.message).toMatch(/from a copy, or load .* \{fallback: true\}$/);
  });

  it('is not taken for an error of the operating system, though it has a code', () => {
    expect(isSystemError(damaged('/runs/a', 'is odd'))).toBe(false);
    expect(isSystemError(systemError('EIO', 'read'))).toBe(true);
  });
});

describe('writing', () => {
  it.each([
    ['ENOSPC', /free some space/],
    ['EDQUOT', /free some space/],
    ['EACCES', /allow this process to write there/],
    ['EROFS', /allow this process to write there/],
    ['ENOTDIR', /choose another folder/],
    ['EIO', /check the disk/],
  ])('makes an unwritable of %s, with the way out', async (code, wayOut) => {
    const cause = systemError(code, 'write');
    const error = await errorOf(() => writing('/runs/a', failing(cause)));
    expect(error).toMatchObject({name: 'CheckpointError', code: 'unwritable', path: '/runs/a', cause});
    expect((error as Error).message).toMatch(code);
    expect((error as Error).message).toMatch(wayOut);
  });

  it('passes results, typed errors and mistakes on', async () => {
    expect(await writing('/a', async () => 3)).toBe(3);
    for (const error of [damaged('/b', 'is odd'), new TypeError('no function')]) {
      expect(await errorOf(() => writing('/a', failing(error)))).toBe(error);
    }
  });
});

describe('reading', () => {
  it('makes a damaged of what the system refuses, and passes all else on', async () => {
    const cause = systemError('EACCES', 'open');
    const error = await errorOf(() => reading('/runs/a', failing(cause)));
    expect(error).toMatchObject({code: 'damaged', path: '/runs/a', cause});
    const mistake = new TypeError('no function');
    expect(await errorOf(() => reading('/runs/a', failing(mistake)))).toBe(mistake);
    expect(await reading('/a', async () => 3)).toBe(3);
  });
});

describe('ifPossible', () => {
  it('goes on where the system refuses, and not after a mistake', async () => {
    await ifPossible(failing(systemError('EBUSY', 'rmdir')));
    const mistake = new TypeError('no function');
    expect(await errorOf(() => ifPossible(failing(mistake)))).toBe(mistake);
  });
});
