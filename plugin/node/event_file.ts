import {appendFile, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {maskedCrc32c} from './crc32c.js';
import {encodeEvent, type EventMessage} from './event_message.js';

/** One file of TensorBoard events in a folder of its own, made with the first event that reaches it. */
export class EventFile {
  private path?: string;
  private waiting: Buffer[] = [];

  /** @param now The wall clock, in milliseconds since 1970. */
  constructor(
    private readonly folder: string,
    private readonly now: () => number,
  ) {}

  /** How many events wait in memory. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Adds scalars at a step, by tag; they wait until `flush`. */
  add(step: number, scalars: Record<string, number>): void {
    if (Object.keys(scalars).length > 0)
      this.waiting.push(record({wallTime: this.now() / 1000, step, scalars}));
  }

  /** Writes what waits; where that fails, it waits for another file. */
  async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    try {
      this.path ??= await this.create();
      await appendFile(this.path, Buffer.concat(this.waiting));
    } catch (error) {
      // Perhaps a part of it was written: nothing can be read behind that.
      this.path = undefined;
      throw error;
    }
    this.waiting = [];
  }

  /** TensorBoard takes the files of a folder that have `tfevents` in their names, in the order of the names. */
  private async create(): Promise<string> {
    await mkdir(this.folder, {recursive: true});
    const now = this.now() / 1000;
    const first = record({wallTime: now, fileVersion: 'brain.Event:2'});
    const seconds = String(Math.floor(now)).padStart(10, '0');
    for (let i = 0; ; i++) {
      const path = join(this.folder, `events.out.tfevents.${seconds}.${String(i).padStart(4, '0')}`);
      try {
        await writeFile(path, first, {flag: 'wx'});
        return path;
      } catch (error) {
        // Another run began within the same second.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
}

/** An event as one TFRecord: its length and its bytes, each with a checksum. */
function record(event: EventMessage): Buffer {
  const data = encodeEvent(event);
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return framed;
}
