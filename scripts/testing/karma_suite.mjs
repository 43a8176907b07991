import {existsSync, readFileSync, rmSync} from 'node:fs';
import {runNode} from '../building/run_tool.mjs';
import {findBrowser} from '../native/find_program.mjs';
import {broken, counts, skipped, trustworthy} from './counts.mjs';

const RESULT = 'build/test/browser.json';

/** Runs the specs of test/browser on the built UMD in a real browser. */
export async function runKarma() {
  const browser = findBrowser();
  if (!browser) return skipped('no browser was found: install chromium or name one in CHROME_BIN');
  rmSync(RESULT, {force: true});
  const env = {...process.env, CHROME_BIN: browser, LARGE_MARGIN_KARMA_RESULT: RESULT};
  const code = await runNode(['node_modules/karma/bin/karma', 'start', 'karma.conf.cjs', '--single-run'], {
    env,
  });
  if (!existsSync(RESULT)) return broken(`karma ended with code ${code} and without a result`);
  const {passed, failed, skippedSpecs} = JSON.parse(readFileSync(RESULT, 'utf8'));
  const notes = skippedSpecs.map(name => `skipped: ${name}`);
  if (passed + failed === 0) return broken('the browser executed no spec');
  return trustworthy(counts(passed, failed, skippedSpecs.length, notes), code);
}
