/** `npm run benchmark [-- name ...]`: runs test/benchmark/*.mjs, or the named one with the rest of the arguments. */
import {existsSync, readdirSync} from 'node:fs';
import {ensureBuilt} from './build.mjs';
import {BuildError, runNode} from './building/run_tool.mjs';
import {ensureNative} from './native/index.mjs';
import {SetupError} from './native/setup_error.mjs';

const FOLDER = 'test/benchmark';

async function main([name, ...rest]) {
  const all = existsSync(FOLDER) ? readdirSync(FOLDER).filter(file => file.endsWith('.mjs')) : [];
  const known = all.map(file => file.slice(0, -'.mjs'.length));
  const named = name !== undefined && !name.startsWith('-');
  if (named && !known.includes(name)) {
    throw new BuildError(`unknown benchmark ${name}; known: ${known.join(', ')}.`);
  }
  const chosen = named ? [`${name}.mjs`] : all;
  const args = named ? rest : [name, ...rest].filter(arg => arg !== undefined);
  await ensureNative();
  await ensureBuilt();
  for (const file of chosen) {
    const code = await runNode([`${FOLDER}/${file}`, ...args]);
    if (code !== 0) return code;
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BuildError) && !(error instanceof SetupError)) throw error;
  console.error(`benchmark: ${error.message}`);
  process.exitCode = 1;
}
