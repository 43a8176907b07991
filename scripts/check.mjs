/** `npm run check`: types, lint, format and architecture; runs all of them, then names those that failed. */
import {ensureBuilt} from './build.mjs';
import {BuildError, runTool} from './building/run_tool.mjs';

const tsc = project => runTool('typescript/bin/tsc', ['-p', project, '--noEmit', '--incremental', 'false']);

const steps = {
  // The demos and the tests of the package read the types that the build makes.
  build: () => ensureBuilt(),
  'types of the library': () => tsc('tsconfig.json'),
  'types of the demos': () => tsc('tsconfig.demos.json'),
  'types of the tests': () => tsc('tsconfig.test.json'),
  lint: () => runTool('eslint/bin/eslint.js', ['--max-warnings', '0', '.']),
  format: () => runTool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']),
  architecture: () =>
    runTool('vitest/vitest.mjs', ['run', '--project', 'tools', 'test/architecture.test.ts']),
};

const failed = [];
for (const [name, run] of Object.entries(steps)) {
  const began = Date.now();
  let outcome = 'good';
  try {
    await run();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    failed.push(name);
    outcome = 'FAILED';
  }
  console.log(`[check] ${name}: ${outcome} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}
if (failed.length > 0) {
  console.error(`[check] failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
