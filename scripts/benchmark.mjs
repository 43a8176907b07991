/** `npm run benchmark [-- part ... --options]`: sets up what is missing and measures; `-- --help` lists the parts. */
import {readArguments, UsageError} from './benchmark/arguments.mjs';
import {ensureBuilt} from './build.mjs';
import {BuildError} from './building/run_tool.mjs';
import {ensureNative} from './native/index.mjs';
import {createReport} from './native/report.mjs';
import {SetupError} from './native/setup_error.mjs';
import {allParts} from '../test/benchmark/parts/index.mjs';
import {runParts} from '../test/benchmark/run.mjs';

const OPTIONS = `Options
  --engines a,b    these engines only        --modes a,b    these modes only (and cross-entropy)
  --batches 64     these batches only        --steps n      recorded steps a turn (default: by time, 2 or more)
  --rounds n       turns of each (default 5) --minutes n    fewer rounds rather than a longer run (default 38)
  --name text      name of the result's files in out/benchmark (default: the time)`;

function help(parts) {
  const lines = Object.values(parts).map(
    ({name, about, always}) => `  ${name.padEnd(10)}${about}${always ? '' : ' (by name only)'}`,
  );
  return ['Usage: npm run benchmark [-- part ... options]', '', 'Parts', ...lines, '', OPTIONS].join('\n');
}

async function main(argv) {
  const parts = await allParts();
  const options = readArguments(argv, parts);
  if (options.help) {
    console.log(help(parts));
    return 0;
  }
  await ensureNative();
  await ensureBuilt();
  const chosen = options.parts.map(name => parts[name]);
  return runParts(chosen, options, createReport(process.stdout, '[benchmark]'));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isPlain = [BuildError, SetupError, UsageError].some(kind => error instanceof kind);
  if (!isPlain) throw error;
  console.error(`benchmark: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
