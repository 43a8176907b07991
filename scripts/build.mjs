/** Builds dist (ESM, types, UMD) and build/demos. */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {fingerprint, listFiles} from './building/sources.mjs';
import {BuildError, runTool} from './building/run_tool.mjs';
import {isMain} from './native/is_main.mjs';

const STAMP = 'build/built.txt';
const OUTPUTS = [
  ...['dist/plugin/index.js', 'dist/plugin/kernels/wasm/index.js'],
  ...['dist/large-margin.umd.min.js', 'dist/large-margin-wasm.umd.min.js'],
];

/** Builds all anew, so that nothing of a removed source stays in dist. */
export async function build(print = console.log) {
  const before = fingerprint();
  // tsc's notes on what it wrote must go with what it wrote.
  for (const path of ['dist', 'build/demos', 'build/library.tsbuildinfo', 'build/demos.tsbuildinfo', STAMP]) {
    rmSync(path, {recursive: true, force: true});
  }
  await timed(print, 'library', () => runTool('typescript/bin/tsc', ['-p', 'tsconfig.json']));
  await timed(print, 'bundles', () => runTool('rollup/dist/bin/rollup', ['-c', '--silent']));
  if (listFiles('demos').some(file => file.endsWith('.ts'))) {
    await timed(print, 'demos', () => runTool('typescript/bin/tsc', ['-p', 'tsconfig.demos.json']));
  }
  mkdirSync('build', {recursive: true});
  // The state before: a source saved meanwhile makes the next run build again.
  writeFileSync(STAMP, before);
}

/** Builds only when a source was changed, added or removed since the last build. */
export async function ensureBuilt(print = console.log) {
  const current = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
  if (!current || !OUTPUTS.every(file => existsSync(file))) await build(print);
}

async function timed(print, what, run) {
  const began = Date.now();
  await run();
  print(`[build] ${what}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

if (isMain(import.meta.url)) {
  try {
    await build();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`[build] ${error.message}`);
    process.exitCode = 1;
  }
}
