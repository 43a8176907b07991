import {crc32, deflateSync} from 'node:zlib';

/** A grey picture as the URL of a PNG: `pixels` row by row, 0 black to 1 white. */
export function grayPng(pixels: ArrayLike<number>, width: number): string {
  const height = pixels.length / width;
  if (!Number.isInteger(height)) {
    throw new Error(`grayPng: expected rows of ${width} pixels, got ${pixels.length} in all`);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  // Each row begins with the number of its filter: 0, none.
  const rows = Buffer.alloc(height * (width + 1));
  for (let i = 0; i < pixels.length; i++) {
    const level = Math.min(1, Math.max(0, pixels[i]));
    rows[i + Math.floor(i / width) + 1] = Math.round(level * 255);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return `data:image/png;base64,${Buffer.concat([signature, ...parts]).toString('base64')}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
