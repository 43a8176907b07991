import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import ts from 'typescript';
import {CheckpointFolder} from '../../plugin/node/checkpoints/index.js';
import type {Files} from '../../plugin/training/model_files.js';
import {RandomStream} from '../../src/index.js';
import {sourceFiles} from './import_rules.js';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const PROGRAM = join(root, 'test/support/training_program.mjs');

/**
 * How many threads compute: TensorFlow 2.9, which tfjs-node 4.22 brings along, heeds the first two, and OMP_NUM_THREADS not
 * at all (a product of two large matrices keeps 1.0, and else 1.9 of two processors busy).
 */
const THREADS = {TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '1'};

/** What a training child is told; see training_program.mjs. */
export interface TrainingArgs {
  engine: 'native' | 'cpu';
  epochs: number;
  saveEvery: number;
}

/** A folder to work in, with the translated library. */
export interface Place {
  path: string;
  library: string;
}

/** What came of a training that nobody interrupted. */
export interface Reference {
  args: TrainingArgs;
  /** Hashes of all that it ended with. */
  done: string;
  /** Hashes of the checkpoints by their steps. */
  checkpoints: Map<number, string>;
  /** From the first batch to the end, in milliseconds. */
  length: number;
}

/** How many children were killed, and what was found amiss. */
export interface KillReport {
  kills: number;
  /** Trainings that were taken to their end. */
  trainings: number;
  /** Folders whose last checkpoint does not load. */
  notLoadable: number;
  /** Checkpoints with one bit other than the uninterrupted training's of that step. */
  mixed: number;
  /** Folders whose last checkpoint is older than before the kill. */
  lost: number;
  /** Trainings with one bit other at the end. */
  unequal: number;
}

export const NOTHING_AMISS = {notLoadable: 0, mixed: 0, lost: 0, unequal: 0};

/** Translates the library, as it is in the checkout, for children that run it without a test runner. */
export function prepare(path: string): Place {
  const library = join(path, 'library');
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(library, file)), {recursive: true});
    writeFileSync(join(library, file), text);
  };
  for (const file of sourceFiles(root, ['src', 'plugin'])) {
    const text = readFileSync(join(root, file), 'utf8');
    write(file.replace(/\.ts$/, '.js'), ts.transpileModule(text, {compilerOptions}).outputText);
  }
  write('package.json', '{"type": "module"}');
  symlinkSync(join(root, 'node_modules'), join(library, 'node_modules'), 'junction');
  return {path, library: pathToFileURL(library).href};
}

/** Trains without an interruption, and keeps all checkpoints to compare with. */
export async function train(place: Place, args: TrainingArgs): Promise<Reference> {
  const folder = join(place.path, 'whole');
  const {done, length} = await run(place, args, {folder, keep: 1e6});
  const checkpoints = new Map<number, string>();
  const all = new CheckpointFolder(folder);
  for (const step of await all.list()) checkpoints.set(step, hashOf((await all.load({step}))!.files));
  rmSync(folder, {recursive: true});
  return {args, done, checkpoints, length};
}

/**
 * Kills trainings at random times, drawn from a generator, and takes each up again until it ends: a child dies within half
 * the time of a whole training after its first batch, so that a training dies about twice, wherever it is by then.
 */
export async function killAtRandom(place: Place, whole: Reference, kills: number): Promise<KillReport> {
  const report: KillReport = {kills: 0, trainings: 0, ...NOTHING_AMISS};
  const random = new RandomStream(kills);
  while (report.kills < kills) {
    await killAndResume(place, whole, report, () =>
      report.kills < kills ? {delay: (random.next() * whole.length) / 2} : {},
    );
  }
  return report;
}

/** Kills a training after its first, second, ... operation on the disk, until one lives; takes each up again. */
export async function killAtEach(place: Place, whole: Reference): Promise<KillReport> {
  const report: KillReport = {kills: 0, trainings: 0, ...NOTHING_AMISS};
  for (let at = 1; report.kills === at - 1; at++) {
    let children = 0;
    await killAndResume(place, whole, report, () => (children++ === 0 ? {at} : {}));
  }
  return report;
}

/** How a child dies: so many milliseconds after its first batch, or right after this operation; or not at all. */
interface Death {
  delay?: number;
  at?: number;
}

/** Runs one training, child after child, until one is not killed. */
async function killAndResume(
  place: Place,
  whole: Reference,
  report: KillReport,
  next: () => Death,
): Promise<void> {
  const folder = join(place.path, 'killed');
  for (let last = 0; ;) {
    const end = await run(place, whole.args, {folder, keep: 2}, next());
    if (!end.isKilled) {
      report.trainings++;
      if (end.done !== whole.done) report.unequal++;
      rmSync(folder, {recursive: true});
      return;
    }
    report.kills++;
    last = await inspect(folder, whole, report, last);
  }
}

/** Counts what is amiss in a folder; returns the step of its last checkpoint. */
async function inspect(folder: string, whole: Reference, report: KillReport, last: number): Promise<number> {
  const checkpoints = new CheckpointFolder(folder);
  const steps = await checkpoints.list();
  for (const step of steps) {
    const stored = await checkpoints.load({step}).catch(() => undefined);
    if (!stored || hashOf(stored.files) !== whole.checkpoints.get(step)) report.mixed++;
  }
  const newest = await checkpoints.load().catch(() => null);
  if (newest === null) report.notLoadable++;
  const step = newest?.step ?? 0;
  if (step < last) report.lost++;
  return step;
}

/** Runs a child to its end or its death. */
function run(
  {library}: Place,
  args: TrainingArgs,
  store: {folder: string; keep: number},
  {delay, at = 0}: Death = {},
): Promise<{isKilled: boolean; done: string; length: number}> {
  const all = JSON.stringify({library, ...args, ...store, at, when: 'after'});
  const child = spawn(process.execPath, [PROGRAM, all], {
    env: {...process.env, ...THREADS, TF_CPP_MIN_LOG_LEVEL: '3'},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, problem, began, timer] = ['', '', 0, undefined as NodeJS.Timeout | undefined];
  return new Promise((resolve, reject) => {
    child.stderr.on('data', chunk => (problem += chunk));
    child.stdout.on('data', chunk => {
      output += chunk;
      if (began > 0 || !/^begun$/m.test(output)) return;
      began = performance.now();
      if (delay !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), delay);
    });
    child.on('close', (_, signal) => {
      clearTimeout(timer);
      const done = /^done (.*)$/m.exec(output)?.[1];
      const isKilled = signal === 'SIGKILL' && done === undefined;
      // One that ended in the moment of the kill has ended.
      if (isKilled || done !== undefined) {
        resolve({isKilled, done: done ?? '', length: performance.now() - began});
      } else
        reject(new Error(`training_program.mjs ended with ${signal ?? 'an error'}: ${output}${problem}`));
    });
  });
}

function hashOf(files: Files): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort())
    hash.update(`${name} ${files[name].length} `).update(files[name]);
  return hash.digest('hex');
}
