/** `npm start -- ...`: sets up and builds what is missing, then runs the experiments with the arguments given. */
import {BuildError, runNode} from './building/run_tool.mjs';
import {ensureBuilt} from './build.mjs';
import {ensureNative} from './native/index.mjs';
import {SetupError} from './native/setup_error.mjs';

const PROGRAM = 'build/demos/experiments/cli.js';

try {
  await ensureNative();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  // The experiments say which slower engine they take instead.
  console.error(`[native] ${error.message}`);
}
try {
  await ensureBuilt();
  process.exitCode = await runNode([PROGRAM, ...process.argv.slice(2)]);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`[build] ${error.message}`);
  process.exitCode = 1;
}
