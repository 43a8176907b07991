/** `npm test [-- --suite name[,name]]`: sets up, builds, runs all suites; the last line counts over all of them. */
import {parseArgs} from 'node:util';
import {ensureBuilt} from './build.mjs';
import {BuildError} from './building/run_tool.mjs';
import {ensureNative} from './native/index.mjs';
import {SetupError} from './native/setup_error.mjs';
import {add, broken, counts, show} from './testing/counts.mjs';
import {chooseSuites, runSuite} from './testing/suites.mjs';

const SHOWN_NOTES = 20;

async function main() {
  const chosen = chooseSuites(readNames());
  if (chosen.some(suite => suite.native)) await setUpNative();
  const problem = chosen.some(suite => suite.built) ? await tryBuild() : null;
  const lines = [];
  let total = counts(0, 0, 0);
  for (const suite of chosen) {
    const began = Date.now();
    console.log(`\n[test] ${suite.name} ...`);
    const result = suite.built && problem ? broken(problem) : await runSuite(suite);
    const line = `${suite.name}: ${show(result)} in ${((Date.now() - began) / 1000).toFixed(1)} s`;
    console.log(`[test] ${line}`);
    lines.push(`  ${line}`, ...shorten(result.notes).map(note => `    ${note}`));
    total = add(total, result);
  }
  const strict = Boolean(process.env.CI) && total.skipped > 0;
  console.log(`\n[test] summary\n${lines.join('\n')}`);
  if (strict) console.log('  With CI set, a skipped test is a failure of the run.');
  console.log(show(total));
  return total.failed > 0 || strict ? 1 : 0;
}

function readNames() {
  const {values} = parseArgs({options: {suite: {type: 'string', multiple: true}}});
  return (values.suite ?? []).flatMap(text => text.split(','));
}

async function setUpNative() {
  try {
    await ensureNative();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`[native] ${error.message}`);
  }
}

// A build that fails is told by the suites that need it, so that the last line stays what it is.
async function tryBuild() {
  try {
    await ensureBuilt();
    return null;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    return error.message;
  }
}

function shorten(notes) {
  if (notes.length <= SHOWN_NOTES) return notes;
  return [...notes.slice(0, SHOWN_NOTES), `and ${notes.length - SHOWN_NOTES} more`];
}

try {
  // Not left to run out: an engine in a child may hold a handle of ours open.
  process.exit(await main());
} catch (error) {
  if (!(error instanceof RangeError) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`test: ${error.message}`);
  process.exitCode = 2;
}
