/** CRC-32 of one byte after another, reflected (IEEE 802.3). */
const TABLE = Uint32Array.from({length: 256}, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The CRC-32 of bytes, as zip and PNG have it, in eight hexadecimal digits: no flipped bit escapes it. */
export function checksumOf(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}

// It ends every version, so that damage can be told from a version that we do not know.
const END = /^,\n"checksum":"([0-9a-f]{8})"}\n$/;
const END_BYTES = 25;

/** Writes the text of a JSON object that has keys as bytes with a checksum of all above it as its last key. */
export function seal(json: string): Uint8Array {
  const above = new TextEncoder().encode(json.slice(0, -1));
  const end = new TextEncoder().encode(`,\n"checksum":"${checksumOf(above)}"}\n`);
  const all = new Uint8Array(above.length + end.length);
  all.set(above);
  all.set(end, above.length);
  return all;
}

/** Whether bytes are what `seal` wrote, every bit. */
export function isSealed(bytes: Uint8Array): boolean {
  const at = bytes.length - END_BYTES;
  const end = new TextDecoder('latin1').decode(bytes.subarray(Math.max(at, 0)));
  return END.exec(end)?.[1] === checksumOf(bytes.subarray(0, Math.max(at, 0)));
}
