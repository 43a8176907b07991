import {existsSync, realpathSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {findProgram} from './find_program.mjs';
import {SetupError} from './setup_error.mjs';

/** A current node-gyp: the project's own, else npm's. What node-pre-gyp finds by itself may be too old. */
export function findNodeGyp(from = process.cwd(), env = process.env) {
  for (const base of [join(from, 'package.json'), import.meta.url]) {
    try {
      return createRequire(base).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      // Not a dependency there: an installed user has npm's.
    }
  }
  for (const folder of npmFolders(env)) {
    const file = join(folder, 'node_modules/node-gyp/bin/node-gyp.js');
    if (existsSync(file)) return file;
  }
  throw new SetupError('node-gyp was not found beside npm: run `npm install --save-dev node-gyp`.');
}

// The npm that started us, the one beside this Node, the one on PATH (a link to npm/bin/npm-cli.js).
function npmFolders(env) {
  const onPath = findProgram(['npm'], env.PATH);
  const files = [env.npm_execpath, onPath && realpathSync(onPath)].filter(Boolean);
  const beside = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm');
  return [...files.map(file => dirname(dirname(file))), beside];
}
