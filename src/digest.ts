/**
 * Gives the SHA-256 of parts in 64 hexadecimal digits: other parts, or the same bytes cut elsewhere, give another one.
 * It is the same with `crypto.subtle` and, where a page has none (http), without it.
 *
 * @param parts Texts, and views of numbers, by their bytes and not their type.
 * @example
 * const key = await digest([JSON.stringify(settings), await x.data()]);
 */
export async function digest(parts: Array<string | ArrayBufferView>): Promise<string> {
  const kinds = parts.map(part => (typeof part === 'string' ? 't' : 'b')).join('');
  // Hashes have one length: that of their row leaves no doubt where a part ends, and no part is copied.
  const hashes = await Promise.all([kinds, ...parts].map(part => sha256(bytesOf(part))));
  const row = new Uint8Array(hashes.length * 32);
  hashes.forEach((hash, i) => row.set(hash, i * 32));
  return Array.from(await sha256(row), byte => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(part: string | ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (typeof part === 'string') return new TextEncoder().encode(part);
  const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  // Memory shared with workers is copied: crypto.subtle refuses it.
  const isShared = !(part.buffer instanceof ArrayBuffer);
  return isShared ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const {subtle} = globalThis.crypto ?? {};
  return subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : ownSha256(bytes);
}

const PRIMES = firstPrimes(64);
const START = PRIMES.slice(0, 8).map(prime => fractionBits(Math.sqrt(prime)));
const ROUNDS = Uint32Array.from(PRIMES, prime => fractionBits(Math.cbrt(prime)));

/** SHA-256 as in FIPS 180-4, section 6.2. */
function ownSha256(bytes: Uint8Array): Uint8Array {
  const size = Math.ceil((bytes.length + 9) / 64) * 64;
  const padded = new Uint8Array(size);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(size - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(size - 4, bytes.length * 8);
  const state = Uint32Array.from(START);
  const words = new Uint32Array(64);
  for (let start = 0; start < size; start += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(start + 4 * t);
    addBlock(state, words);
  }
  const hash = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => hash.setUint32(4 * i, word));
  return new Uint8Array(hash.buffer);
}

function addBlock(state: Uint32Array, words: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const [late, early] = [words[t - 2], words[t - 15]];
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[t] = words[t - 16] + s0 + words[t - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const chosen = (e & f) ^ (~e & g);
    const most = (a & b) ^ (a & c) ^ (b & c);
    const t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + ROUNDS[t] + words[t];
    const t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
}

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function fractionBits(root: number): number {
  return Math.floor((root % 1) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every(prime => n % prime)) primes.push(n);
  return primes;
}
