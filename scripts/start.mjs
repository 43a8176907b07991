/** `npm start -- ...`: sets up and builds what is missing, then runs the experiments with the arguments given. */
import {parseArgs} from 'node:util';
import {BuildError, runNode} from './building/run_tool.mjs';
import {ensureBuilt} from './build.mjs';
import {ensureNative} from './native/index.mjs';
import {isMain} from './native/is_main.mjs';
import {InterruptedError, SetupError} from './native/setup_error.mjs';

const PROGRAM = 'build/demos/experiments/cli.js';

/** Whether the experiments, called so, would run on the native engine if it were there. */
export function wantsNative(argv) {
  const options = {backend: {type: 'string'}, help: {type: 'boolean'}};
  const {backend, help} = parseArgs({args: argv, options, strict: false}).values;
  return !help && !['wasm', 'cpu'].includes(backend);
}

/**
 * Sets the native engine up, or says why not and what happens instead.
 *
 * @throws InterruptedError when the user wants no more of it
 */
export async function trySetup(setUp = ensureNative, say = console.error) {
  try {
    await setUp();
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    say(`[native] ${error instanceof SetupError ? error.message : error.stack}`);
    say('[native] Going on with wasm, which needs none of this and is slower; `npm run native` tries again.');
  }
}

async function main(argv) {
  try {
    if (wantsNative(argv)) await trySetup();
    await ensureBuilt();
    return await runNode([PROGRAM, ...argv]);
  } catch (error) {
    if (error instanceof InterruptedError) {
      console.error(`[native] ${error.message}`);
      return 130;
    }
    if (!(error instanceof BuildError)) throw error;
    console.error(`[build] ${error.message}`);
    return 1;
  }
}

if (isMain(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
