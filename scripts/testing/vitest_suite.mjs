import {existsSync, readFileSync, rmSync} from 'node:fs';
import {runNode} from '../building/run_tool.mjs';
import {broken, counts, trustworthy} from './counts.mjs';

/** Runs one project of vitest.config.ts, or some of its files; people read its default report, the numbers come from a file. */
export async function runVitest(project, {env = process.env, files = []} = {}) {
  const file = `build/test/${project}.json`;
  rmSync(file, {force: true});
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await runNode(
    ['node_modules/vitest/vitest.mjs', 'run', ...files, '--project', project, ...reporters],
    {
      env,
    },
  );
  if (!existsSync(file)) return broken(`vitest ended with code ${code} and without a result`);
  return trustworthy(readResult(JSON.parse(readFileSync(file, 'utf8'))), code);
}

function readResult(result) {
  const unrun = ['pending', 'skipped', 'todo', 'disabled'];
  const tests = result.testResults.flatMap(file => file.assertionResults);
  const notes = tests.filter(test => unrun.includes(test.status)).map(test => `skipped: ${test.fullName}`);
  return counts(result.numPassedTests, result.numFailedTests, notes.length, notes);
}
