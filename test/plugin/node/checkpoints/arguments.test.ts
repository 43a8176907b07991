import {describe, expect, it} from 'vitest';
import {checkStep, copyFiles, type CheckpointFiles} from '../../../../plugin/node/checkpoints/arguments.js';
import {expectRefusal} from '../../../support/expect_no_leak.js';

const bytes = Uint8Array.of(1, 2, 3);

describe('checkStep', () => {
  it.each([0, 1, 2 ** 53 - 1])('takes %s', step => expect(() => checkStep('save', step)).not.toThrow());

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, '3', null, undefined])('refuses %s', async step => {
    await expectRefusal(() => checkStep('save', step), 'step', /^save: expected step to be an integer >= 0/);
  });
});

describe('copyFiles', () => {
  it('gives copies, in their order, that do not change with the originals, Buffers included', () => {
    const [own, buffer] = [bytes.slice(), Buffer.from([4, 5])];
    const copies = copyFiles('save', {b: own, a: buffer, part: own.subarray(1, 2)});
    own.fill(9);
    buffer.fill(9);
    expect(copies).toEqual([
      ['b', Uint8Array.of(1, 2, 3)],
      ['a', Uint8Array.of(4, 5)],
      ['part', Uint8Array.of(2)],
    ]);
  });

  it.each([null, undefined, 'text', 3])('refuses %s for files', async files => {
    await expectRefusal(() => copyFiles('save', files as never), 'files', 'to be an object of Uint8Arrays');
  });

  it('refuses no file at all, and more than 1000', async () => {
    await expectRefusal(() => copyFiles('save', {}), 'files', 'to be 1 to 1000 files, got 0');
    const many = Object.fromEntries(Array.from({length: 1001}, (_, i) => [`f${i}`, bytes]));
    await expectRefusal(() => copyFiles('save', many), 'files', 'got 1001');
  });

  it.each([
    '../x',
    '/etc/x',
    'a/b',
    'a\\b',
    '..',
    '.hidden',
    'C:\\x',
    'manifest.json',
    '__proto__x',
    'x\0',
    '',
  ])('refuses the file name %j', async name => {
    await expectRefusal(() => copyFiles('save', {[name]: bytes}), 'files', /letters, digits/, /are taken/);
  });

  it('refuses names that are one name on a disk that does not tell A from a', async () => {
    await expectRefusal(() => copyFiles('save', {'A.bin': bytes, 'a.bin': bytes}), 'files', 'more than case');
  });

  it.each([[[1, 2]], ['text'], [new ArrayBuffer(2)], [new Float32Array(2)], [undefined]])(
    'refuses %s for the bytes of a file, by its name',
    async content => {
      const files = {'w.bin': content} as unknown as CheckpointFiles;
      await expectRefusal(() => copyFiles('save', files), "files['w.bin']", 'to be a Uint8Array');
    },
  );
});
