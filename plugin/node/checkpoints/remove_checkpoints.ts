import {join} from 'node:path';
import {ifPossible} from './checkpoint_error.js';
import {type FileSystem} from './file_system.js';
import {isTemporary, parseSaved, temporaryName, type Saved} from './names.js';

/** The finished checkpoints in a folder, those saved last first. */
export async function listSaved(fileSystem: FileSystem, folder: string): Promise<Saved[]> {
  const entries = await fileSystem.list(folder);
  const saved = entries.map(({name}) => parseSaved(name)).filter(one => one !== undefined);
  return saved.sort((a, b) => b.save - a.save || b.step - a.step);
}

/** Removes what writing and deleting left behind when they were interrupted, as far as it lets itself be removed. */
export async function removeLeftovers(fileSystem: FileSystem, folder: string): Promise<void> {
  for (const {name} of await fileSystem.list(folder)) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name.replace('.writing-', '.deleting-'));
    await ifPossible(async () => {
      // If a second saver, against the rules, is still writing it, it must not be able to finish it with files missing.
      await fileSystem.rename(join(folder, name), path);
      await removeTree(fileSystem, path);
    });
  }
}

/**
 * Chooses what may go: whatever was saved before the last `keep` whole checkpoints, or has been saved again. Damaged
 * ones do not count, and stay until enough whole ones were saved after them.
 *
 * @param saved Those saved last first.
 */
export async function chooseSurplus(
  saved: Saved[],
  keep: number,
  isWhole: (one: Saved) => Promise<boolean>,
): Promise<Saved[]> {
  const kept = new Set<number>();
  const surplus: Saved[] = [];
  for (const one of saved) {
    if (kept.size >= keep || kept.has(one.step)) surplus.push(one);
    else if (await isWhole(one)) kept.add(one.step);
  }
  return surplus;
}

/**
 * Removes checkpoints; what cannot be removed now is tried again at the next save.
 *
 * All are renamed first and the new names synced: neither a kill nor a power failure leaves half a checkpoint under a
 * finished one's name.
 */
export async function removeSaved(fileSystem: FileSystem, folder: string, saved: Saved[]): Promise<void> {
  if (saved.length === 0) return;
  const doomed: string[] = [];
  for (const {name} of saved) {
    const path = join(folder, temporaryName('deleting', name));
    await ifPossible(async () => {
      await fileSystem.rename(join(folder, name), path);
      doomed.push(path);
    });
  }
  await fileSystem.syncFolder(folder);
  for (const path of doomed) await ifPossible(() => removeTree(fileSystem, path));
}

/** Removes a folder and what is in it; a link is removed, never followed. */
export async function removeTree(fileSystem: FileSystem, path: string): Promise<void> {
  for (const {name, kind} of await fileSystem.list(path)) {
    const inside = join(path, name);
    await (kind === 'folder' ? removeTree(fileSystem, inside) : fileSystem.removeFile(inside));
  }
  await fileSystem.removeFolder(path);
}
