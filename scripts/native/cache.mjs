import {createHash} from 'node:crypto';
import {createReadStream, existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {isAbsolute, join, resolve} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {recipe} from './recipe.mjs';

/** Outside node_modules, so that `npm ci` does not throw the download away. */
export function cacheFolder(env = process.env, home = homedir()) {
  if (env.LARGE_MARGIN_CACHE) return resolve(env.LARGE_MARGIN_CACHE);
  // The XDG rule: a relative path there is to be ignored.
  const base =
    env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(home, '.cache');
  return join(base, 'tfjs-large-margin');
}

export const cachedWheel = (folder = cacheFolder(), {wheel} = recipe) => join(folder, wheel);

export async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** 'absent', 'damaged' or 'good'. */
export async function wheelState(file, expected = recipe.sha256) {
  if (!existsSync(file)) return 'absent';
  return (await sha256(file)) === expected ? 'good' : 'damaged';
}
