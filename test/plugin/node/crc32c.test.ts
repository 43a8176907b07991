import {describe, expect, it} from 'vitest';
import {crc32c, maskedCrc32c} from '../../../plugin/node/crc32c.js';

const bytes = (f: (i: number) => number) => Uint8Array.from({length: 32}, (_, i) => f(i));

describe('crc32c', () => {
  // RFC 3720, appendix B.4, its bytes read as little-endian numbers.
  it.each([
    ['32 bytes of zeroes', bytes(() => 0), 0x8a9136aa],
    ['32 bytes of ones', bytes(() => 255), 0x62a8ab43],
    ['32 ascending bytes', bytes(i => i), 0x46dd794e],
    ['32 descending bytes', bytes(i => 31 - i), 0x113fdb5c],
    // The check value of every catalogue of CRCs.
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(), 0],
  ])('of %s is that of the standard', (_, data, expected) => {
    expect(crc32c(data)).toBe(expected);
  });
});

describe('maskedCrc32c', () => {
  it('turns the CRC right by 15 bits and adds a constant', () => {
    // 0: 0xa282ead8. e3069283 turned right by 15: low 15 bits 0x1283 << 17 = 0x25060000, high bits 0x1c60d: 0x2507c60d;
    // + 0xa282ead8 = 0xc78ab0e5.
    expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(0xc78ab0e5);
  });
});
