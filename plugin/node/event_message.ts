/** What TensorBoard reads: a moment, and the file's version or scalars at a step. */
export interface EventMessage {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  fileVersion?: string;
  /** By tag; TensorBoard keeps float32. */
  scalars?: Record<string, number>;
}

// Wire types of protocol buffers.
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Encodes an event as the protocol buffer `tensorflow.Event` that TensorFlow would write. */
export function encodeEvent({wallTime, step = 0, fileVersion, scalars}: EventMessage): Buffer {
  return Buffer.concat([
    key(1, FIXED64),
    fixed(8, view => view.setFloat64(0, wallTime, true)),
    // The default of a number is left out in proto3.
    ...(step > 0 ? [key(2, VARINT), varint(step)] : []),
    ...(fileVersion === undefined ? [] : [bytes(3, Buffer.from(fileVersion))]),
    ...(scalars === undefined ? [] : [bytes(5, encodeSummary(scalars))]),
  ]);
}

function encodeSummary(scalars: Record<string, number>): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) => {
    const simpleValue = [key(2, FIXED32), fixed(4, view => view.setFloat32(0, value, true))];
    return bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), ...simpleValue]));
  });
  return Buffer.concat(values);
}

function key(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([key(field, BYTES), varint(content.length), content]);
}

/** Seven bits a byte, the lowest first; up to 2^53, where `>>>` would end at 2^32. */
function varint(value: number): Buffer {
  const digits: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) digits.push((value % 128) + 128);
  return Buffer.from([...digits, value]);
}

function fixed(size: number, write: (view: DataView) => void): Buffer {
  const content = new Uint8Array(size);
  write(new DataView(content.buffer));
  return Buffer.from(content.buffer);
}
