import {createHash} from 'node:crypto';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {digest} from '../../src/digest.js';

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
/** Written anew from its definition: the hash of the kinds' hash and the parts' hashes. */
const oracle = (kinds: string, ...parts: Array<string | Uint8Array>) =>
  sha256(Buffer.concat([kinds, ...parts].map(sha256))).toString('hex');

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each([
  ['with crypto.subtle', true],
  ['without it', false],
])('digest %s', (_, hasSubtle) => {
  const make: typeof digest = parts => {
    if (!hasSubtle) vi.stubGlobal('crypto', undefined);
    return digest(parts);
  };

  it("is the hash of the parts' hashes, whatever their lengths", async () => {
    // Around the ends of blocks (55 bytes fit with their length, 56 do not) and one long part.
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 5000]) {
      const bytes = Uint8Array.from({length}, (_, i) => (i * 89 + 7) & 255);
      expect(await make(['settings é', bytes])).toBe(oracle('tb', 'settings é', bytes));
    }
  });

  it('takes the bytes of a view and no others', async () => {
    const numbers = Float32Array.of(1, 2.5, -0, NaN, 7);
    const middle = numbers.subarray(1, 4);
    const bytes = new Uint8Array(numbers.buffer, 4, 12);
    expect(await make([middle])).toBe(oracle('b', bytes));
    const shared = new Uint8Array(new SharedArrayBuffer(12));
    shared.set(bytes);
    expect(await make([shared])).toBe(oracle('b', bytes));
  });

  it('tells apart where parts end, what is text, and how many there are', async () => {
    const bytes = new TextEncoder().encode('ab');
    const all = [['ab', 'c'], ['a', 'bc'], ['abc'], ['ab'], [bytes], ['ab', ''], ['', 'ab'], []];
    const digests = await Promise.all(all.map(parts => make(parts)));
    expect(new Set(digests).size).toBe(all.length);
  });
});
