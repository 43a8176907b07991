import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {
  decodeManifest,
  encodeManifest,
  FILES_LIMIT,
  MANIFEST_LIMIT,
} from '../../../../plugin/node/checkpoints/manifest.js';
import {savedName} from '../../../../plugin/node/checkpoints/names.js';

const saved = {name: savedName(12, 7), step: 12, save: 7};
const sha256 = 'ab'.repeat(32);
const files = [
  {name: 'weights.bin', bytes: 128, sha256},
  {name: 'state.json', bytes: 0, sha256},
];
const body = {format: 'tfjs-large-margin checkpoint', version: 1, step: 12, save: 7, files};

/** A manifest of anything at all with a checksum that fits, as anybody can make one. */
function forged(content: unknown, text = JSON.stringify(content, null, 2)): Uint8Array {
  const above = `${text.slice(0, -2)},\n`;
  const checksum = createHash('sha256').update(above).digest('hex');
  return Buffer.from(`${above}  "checksum": "${checksum}"\n}\n`);
}

const decode = (bytes: Uint8Array) => decodeManifest(bytes, saved, '/m/manifest.json');

describe('a manifest', () => {
  it('gives back what was written, and is JSON', () => {
    const bytes = encodeManifest(saved, files);
    expect(decode(bytes)).toEqual(files);
    const text = new TextDecoder().decode(bytes);
    expect(JSON.parse(text)).toMatchObject({version: 1, step: 12, save: 7, files});
    expect(forged(body)).toEqual(bytes);
  });

  it('is read where it does not begin at the start of its memory', () => {
    const bytes = encodeManifest(saved, files);
    expect(decode(Buffer.concat([new Uint8Array(9), bytes, new Uint8Array(5)]).subarray(9, -5))).toEqual(
      files,
    );
  });

  it('has room for as many files as a checkpoint may have, of the longest names and sizes', () => {
    const largest = {name: 'x'.repeat(128), bytes: Number.MAX_SAFE_INTEGER, sha256};
    const many = Array.from({length: FILES_LIMIT}, () => largest);
    const last = {...saved, step: Number.MAX_SAFE_INTEGER, save: Number.MAX_SAFE_INTEGER};
    expect(encodeManifest(last, many).length).toBeLessThan(MANIFEST_LIMIT);
  });

  it('of a later version says so, and what to do', () => {
    const later = forged({format: body.format, version: 2, parts: 'of another kind'});
    expect(() => decode(later)).toThrow(
      expect.objectContaining({
        ...{code: 'newer', path: '/m/manifest.json'},
        message: expect.stringMatching(
          /is of format version 2, .* up to version 1; update tfjs-large-margin/,
        ),
      }),
    );
  });

  it('of a later version without the checksum of its bytes is damaged', () => {
    const text = new TextDecoder()
      .decode(encodeManifest(saved, files))
      .replace('"version": 1', '"version": 3');
    expect(() => decode(Buffer.from(text))).toThrow(expect.objectContaining({code: 'damaged'}));
  });

  const link = (name: unknown) => ({...body, files: [{name, bytes: 1, sha256}]});
  it.each<[string, unknown, RegExp]>([
    ['of another format', {...body, format: 'weights'}, /is not a manifest/],
    ['of no version', {...body, version: '1'}, /is not a manifest/],
    ['of version 1.5', {...body, version: 1.5}, /is not a manifest/],
    ['of another step', {...body, step: 13}, /save 7 of step 13, in the folder step-00000012.7/],
    ['of another save', {...body, save: 6}, /save 6 of step 12/],
    ['without files', {...body, files: undefined}, /no proper list/],
    ['with files by name', {...body, files: {a: files[0]}}, /no proper list/],
    ['with too many files', {...body, files: Array.from({length: 1001}, () => files[0])}, /no proper list/],
    ['with a file twice', {...body, files: [files[0], files[0]]}, /lists weights.bin twice/],
    [
      'with a file twice but for case',
      {...body, files: [files[0], {...files[0], name: 'Weights.bin'}]},
      /twice/,
    ],
    ['with null for a file', {...body, files: [null]}, /no proper list/],
    ['with a size below 0', {...body, files: [{...files[0], bytes: -1}]}, /no proper list/],
    ['with a size of 2^53', {...body, files: [{...files[0], bytes: 2 ** 53}]}, /no proper list/],
    ['with a short hash', {...body, files: [{...files[0], sha256: 'ab'}]}, /no proper list/],
    ['that is a list', [1, 2, 3], /is not JSON/],
    ...['../secret', '/etc/passwd', 'C:\\x', '..\\x', '%2e%2e/x', 'x\0', '__proto__', 'manifest.json', 3].map(
      (name): [string, unknown, RegExp] => [
        `that leads to ${JSON.stringify(name)}`,
        link(name),
        /no proper list/,
      ],
    ),
  ])('%s is damaged, though its checksum fits', (_, content, problem) => {
    const message = expect.stringMatching(problem);
    expect(() => decode(forged(content))).toThrow(expect.objectContaining({code: 'damaged', message}));
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a checksum alone', `  "checksum": "${createHash('sha256').digest('hex')}"\n}\n`],
  ])('of %s is damaged', (_, text) => {
    expect(() => decode(Buffer.from(text))).toThrow(expect.objectContaining({code: 'damaged'}));
  });

  it('of brackets by the hundred thousand is damaged', () => {
    const deep = forged(undefined, '['.repeat(MANIFEST_LIMIT - 100));
    expect(() => decode(deep)).toThrow(expect.objectContaining({code: 'damaged'}));
  });
});
