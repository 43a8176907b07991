import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

/** A scalar as a TensorBoard event file holds it. */
export interface ScalarEvent {
  tag: string;
  step: number;
  value: number;
  wallTime: number;
}

/** The names of a folder's event files, in the order in which TensorBoard takes them. */
export function eventFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.includes('tfevents'))
    .sort();
}

/** Every scalar of a folder's event files; throws where a frame, its checksums or the version event are wrong. */
export function readEvents(folder: string): ScalarEvent[] {
  return eventFiles(folder).flatMap(name => readEventFile(readFileSync(join(folder, name))));
}

function readEventFile(file: Buffer): ScalarEvent[] {
  const events: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    checkCrc(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    checkCrc(data, file.readUInt32LE(at + 12 + length));
    events.push(data);
    at += length + 16;
  }
  const version = fields(events[0]).get(3)?.[0];
  if (String(version) !== 'brain.Event:2') throw new Error(`readEvents: expected a version, got ${version}`);
  return events.slice(1).flatMap(event => {
    const parts = fields(event);
    const wallTime = (parts.get(1)![0] as Buffer).readDoubleLE();
    const step = Number(parts.get(2)?.[0] ?? 0);
    return fields(parts.get(5)![0] as Buffer)
      .get(1)!
      .map(content => {
        const value = fields(content as Buffer);
        const tag = String(value.get(1)![0]);
        return {tag, step, value: (value.get(2)![0] as Buffer).readFloatLE(), wallTime};
      });
  });
}

/** The fields of a protocol buffer by number: integers for varints, bytes for the rest. */
function fields(message: Buffer): Map<number, Array<bigint | Buffer>> {
  const found = new Map<number, Array<bigint | Buffer>>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (size: number) => message.subarray(at, (at += size));
  while (at < message.length) {
    const key = Number(varint());
    const read = [varint, () => take(8), () => take(Number(varint())), undefined, undefined, () => take(4)];
    found.set(key >> 3, [...(found.get(key >> 3) ?? []), read[key & 7]!()]);
  }
  return found;
}

/** The checksum of TFRecord files bit by bit, without a table. */
function checkCrc(bytes: Buffer, expected: number): void {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? 0x82f63b78n : 0n);
  }
  crc ^= 0xffffffffn;
  const masked = (((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn;
  if (Number(masked) !== expected) throw new Error(`readEvents: expected the CRC ${masked}, got ${expected}`);
}
