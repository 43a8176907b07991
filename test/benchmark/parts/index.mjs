import {readdirSync} from 'node:fs';

/**
 * All parts by name, in their order: every file of this folder that exports a `part`,
 *
 *     {name, order, always, about, cases(), unavailable?(), notes?(), figure?, kernels?}
 *
 * where `cases()` lists {net, batch, classes, modes}: the name of a net, and entries of modes.mjs or the like; `always`
 * parts run when none is named; `notes` tells what of it cannot run here; `kernels` measures single kernels after the steps. Engines say themselves which parts they take part in.
 */
export async function allParts() {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter(name => name.endsWith('.mjs') && name !== 'index.mjs');
  const modules = await Promise.all(files.map(name => import(new URL(name, folder))));
  const parts = modules.map(({part}) => part).sort((a, b) => a.order - b.order);
  return Object.fromEntries(parts.map(part => [part.name, part]));
}
