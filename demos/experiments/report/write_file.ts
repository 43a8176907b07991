import {open, rename, rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';

/** Writes a file so that its name never stands for half of it: a hidden neighbour is written, then renamed. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  try {
    const file = await open(partial, 'w');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, {force: true});
    throw error;
  }
}
