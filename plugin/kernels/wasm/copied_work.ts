import type {Part, ThreadsArgs} from './threads.js';

const PAGE = 65536;

/** A pointer of 0 may mean that there is nothing. */
const START = 64;

/**
 * For workers whose memory is not the backend's: copies what parts read there, and what they write back. It keeps the
 * memory of the largest job.
 */
export function copiedWork(
  here: WebAssembly.Memory,
  there: WebAssembly.Memory,
): Required<Pick<ThreadsArgs, 'bring' | 'fetch'>> {
  const bring = (parts: Part[]) => {
    let end = START;
    const place = (bytes: number) => {
      const start = end;
      end = Math.ceil((end + bytes) / 16) * 16;
      return start;
    };
    const copies = new Map<string, {from: number; bytes: number; to: number}>();
    const given = parts.map(({numbers, reads, writes, scratch}) => {
      const moved = [...numbers];
      moved[writes.at] = place((writes.rows - 1) * writes.step + writes.bytes);
      moved[scratch[0]] = place(scratch[1]);
      for (const [at, bytes] of reads) {
        const from = numbers[at] >>> 0;
        if (at === writes.at) copies.set(`${from} too`, {from, bytes, to: moved[at]});
        else {
          // What several parts read is there once.
          const key = `${from} ${bytes}`;
          if (!copies.has(key)) copies.set(key, {from, bytes, to: place(bytes)});
          moved[at] = copies.get(key)!.to;
        }
      }
      return moved;
    });
    const missing = end - there.buffer.byteLength;
    if (missing > 0) there.grow(Math.ceil(missing / PAGE));
    const [source, target] = [here, there].map(({buffer}) => new Uint8Array(buffer));
    for (const {from, bytes, to} of copies.values()) target.set(source.subarray(from, from + bytes), to);
    return given;
  };
  const fetch = ({numbers, writes: {at, rows, bytes, step}}: Part, given: number[]) => {
    const [target, source] = [here, there].map(({buffer}) => new Uint8Array(buffer));
    const isOne = bytes === step;
    const [count, size] = isOne ? [1, rows * bytes] : [rows, bytes];
    for (let i = 0; i < count; i++) {
      const from = given[at] + i * step;
      target.set(source.subarray(from, from + size), (numbers[at] >>> 0) + i * step);
    }
  };
  return {bring, fetch};
}
