import {describe, expect, it} from 'vitest';
import * as zlib from 'node:zlib';
import {checksumOf, isSealed, seal} from '../../../plugin/training/checksum.js';
import {randoms} from '../../support/randoms.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('checksumOf', () => {
  it('is CRC-32: the check value of its catalogue, and nothing', () => {
    expect(checksumOf(bytesOf('123456789'))).toBe('cbf43926');
    expect(checksumOf(new Uint8Array())).toBe('00000000');
  });

  // Node has it from 20.15 on.
  it.runIf('crc32' in zlib)('is what zlib computes', () => {
    const {crc32} = zlib as unknown as {crc32: (bytes: Uint8Array) => number};
    for (const size of [1, 7, 1000]) {
      const bytes = new Uint8Array(randoms(size, size).buffer);
      expect(checksumOf(bytes)).toBe(crc32(bytes).toString(16).padStart(8, '0'));
    }
  });
});

describe('seal and isSealed', () => {
  it('write JSON whose last key is the checksum of all above it', () => {
    const sealed = seal('{"a":1}');
    expect(new TextDecoder().decode(sealed)).toBe(
      `{"a":1,\n"checksum":"${checksumOf(bytesOf('{"a":1'))}"}\n`,
    );
    expect(JSON.parse(new TextDecoder().decode(sealed))).toEqual({a: 1, checksum: expect.any(String)});
    expect(isSealed(sealed)).toBe(true);
  });

  it('notice each flipped bit, each shorter length, and more bytes', () => {
    const sealed = seal('{"text":"äöü","number":[1,2,3]}');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = sealed.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(isSealed(damaged)).toBe(false);
    }
    for (let length = 0; length < sealed.length; length++)
      expect(isSealed(sealed.slice(0, length))).toBe(false);
    for (const more of [0, 10, 32]) expect(isSealed(new Uint8Array([...sealed, more]))).toBe(false);
  });
});
