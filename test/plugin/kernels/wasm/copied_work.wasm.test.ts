import {describe, expect, it} from 'vitest';
import {copiedWork} from '../../../../plugin/kernels/wasm/copied_work.js';
import type {Part} from '../../../../plugin/kernels/wasm/threads.js';

const PAGE = 65536;

/** Two memories of a page each; the first holds its own indices. */
function memories() {
  const [here, there] = [1, 1].map(initial => new WebAssembly.Memory({initial, maximum: 100}));
  new Uint8Array(here.buffer).forEach((_, i, bytes) => (bytes[i] = i % 251));
  return {here, there, ...copiedWork(here, there)};
}

/** Reads 40 bytes at 100 and those at 7 that all read, writes two rows of 4 bytes, 16 apart, at 1000. */
function part(): Part {
  return {
    numbers: [100, 7, 1000, 5000, 42],
    reads: [
      [0, 40],
      [1, 20],
    ],
    writes: {at: 2, rows: 2, bytes: 4, step: 16},
    scratch: [3, 64],
    adds: false,
  };
}

describe('work on copies', () => {
  it('brings what is read, and room for what is written and for scratch, none of it at address 0', () => {
    const {there, bring} = memories();
    const [[a, b, c, scratch, other]] = bring([part()]);
    const bytes = Array.from(new Uint8Array(there.buffer));
    expect(bytes.slice(a, a + 40)).toEqual(Array.from({length: 40}, (_, i) => 100 + i));
    expect(bytes.slice(b, b + 20)).toEqual(Array.from({length: 20}, (_, i) => 7 + i));
    expect(other).toBe(42);
    const places = [
      [a, 40],
      [b, 20],
      [c, 20],
      [scratch, 64],
    ].sort(([first], [second]) => first - second);
    expect(places[0][0]).toBeGreaterThan(0);
    for (let i = 1; i < places.length; i++)
      expect(places[i][0]).toBeGreaterThanOrEqual(places[i - 1][0] + places[i - 1][1]);
  });

  it('brings once what several parts read', () => {
    const {bring} = memories();
    const [first, second] = bring([part(), {...part(), numbers: [200, 7, 2000, 6000, 42]}]);
    expect(second[1]).toBe(first[1]);
    expect(second[0]).not.toBe(first[0]);
    expect(second[2]).not.toBe(first[2]);
    expect(second[3]).not.toBe(first[3]);
  });

  it('takes back the rows of a result and nothing between them', () => {
    const {here, there, bring, fetch} = memories();
    const [numbers] = bring([part()]);
    const before = Array.from(new Uint8Array(here.buffer));
    new Uint8Array(there.buffer).fill(255, numbers[2], numbers[2] + 20);
    fetch(part(), numbers);
    const changed = [1000, 1001, 1002, 1003, 1016, 1017, 1018, 1019];
    const expected = before.map((byte, i) => (changed.includes(i) ? 255 : byte));
    expect(Array.from(new Uint8Array(here.buffer))).toEqual(expected);
  });

  it('takes back a result without gaps as a whole', () => {
    const {here, there, bring, fetch} = memories();
    const dense = {...part(), writes: {at: 2, rows: 3, bytes: 8, step: 8}};
    const [numbers] = bring([dense]);
    new Uint8Array(there.buffer).fill(255, numbers[2], numbers[2] + 24);
    fetch(dense, numbers);
    const bytes = Array.from(new Uint8Array(here.buffer, 999, 26));
    expect(bytes).toEqual([999 % 251, ...Array(24).fill(255), 1024 % 251]);
  });

  it('brings a result that is added to', () => {
    const {there, bring} = memories();
    const [numbers] = bring([{...part(), reads: [[2, 20]]}]);
    expect(Array.from(new Uint8Array(there.buffer, numbers[2], 20))).toEqual(
      Array.from({length: 20}, (_, i) => (1000 + i) % 251),
    );
  });

  it('makes the other memory larger where it is too small', () => {
    const {there, bring} = memories();
    bring([{...part(), scratch: [3, 3 * PAGE]}]);
    expect(there.buffer.byteLength).toBeGreaterThanOrEqual(4 * PAGE);
  });
});
