import {execFile} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The program that such a child runs. */
export const SAVER = join(root, 'test/support/checkpoint_saver.mjs');

const room = 'plugin/node/checkpoints';

/** What a child that saves checkpoints is told; see checkpoint_saver.mjs. */
export interface SaverArgs {
  store: string;
  folder: string;
  keep: number;
  saves: Array<[step: number, label: number]>;
  at: number;
  when: 'before' | 'after';
  operations: 'changing' | 'all';
  most?: number;
}

/**
 * Translates the store, as it is in the checkout, for children that run it without a test runner; returns its URL.
 *
 * Of src only the argument checks come along, and tfjs-core as a stub: they use it for tensors, of which there are
 * none here, and loading it would take ten times as long as the rest of a child's life.
 */
export function buildStore(target: string): string {
  const sources = readdirSync(join(root, room)).filter(name => name.endsWith('.ts'));
  for (const file of ['src/checks.ts', ...sources.map(name => `${room}/${name}`)]) {
    const text = readFileSync(join(root, file), 'utf8');
    const compilerOptions = {module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022};
    write(join(target, file.replace(/\.ts$/, '.js')), ts.transpileModule(text, {compilerOptions}).outputText);
  }
  write(join(target, 'package.json'), '{"type": "module"}');
  write(join(target, 'src/index.js'), "export {ArgumentError, check} from './checks.js';");
  const core = join(target, 'node_modules/@tensorflow/tfjs-core');
  write(join(core, 'package.json'), '{"type": "module", "main": "index.js"}');
  write(join(core, 'index.js'), 'export const all = null, isFinite = null, tidy = null;');
  return pathToFileURL(join(target, room)).href;
}

/** How a saver ended: by which signal, after how many whole saves; what it said where it failed. */
export interface SaverEnd {
  signal: string | null;
  saved: number;
  problem: string;
}

/** Runs a child that saves checkpoints, to its end or its death. */
export function runSaver(args: SaverArgs): Promise<SaverEnd> {
  return new Promise(resolve => {
    execFile(process.execPath, [SAVER, JSON.stringify(args)], (error, output, problem) => {
      resolve({
        signal: error?.signal ?? null,
        saved: output.match(/^saved \d+$/gm)?.length ?? 0,
        problem: error && !error.signal ? `${basename(SAVER)}: ${problem}` : '',
      });
    });
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true});
  writeFileSync(path, text);
}
