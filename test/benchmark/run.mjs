import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describeMachine} from '../../scripts/benchmark/machine.mjs';
import {ensurePython} from '../../scripts/benchmark/python_environment.mjs';
import {stamp, writeResult} from '../../scripts/benchmark/result_files.mjs';
import {roundsInTime, timeLeft} from '../../scripts/benchmark/schedule.mjs';
import {runCommand} from '../../scripts/native/run_command.mjs';
import {SetupError} from '../../scripts/native/setup_error.mjs';
import {allEngines} from './engines/index.mjs';
import {measureCase} from './measure_case.mjs';
import {allNets} from './nets/index.mjs';
import {DEFAULTS, guessMs, headingOf, planCases} from './plan.mjs';
import {formatReport} from './report.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const CASES = 'build/benchmark';
const MINUTES = 38;

/** Measures the parts, prints and writes what was found; resolves to the exit code. */
export async function runParts(parts, options, report) {
  const began = Date.now();
  const elapsed = () => Date.now() - began;
  const [nets, engines] = [await allNets(), await allEngines()];
  const {cases, notes} = planCases(parts, options, engines);
  const context = {unavailable: new Map(), versions: {}, python: undefined};
  const result = {machine: describeMachine(), versions: context.versions, minutes: 0, notes, rows: []};
  result.options = {parts: parts.map(({name}) => name), ...options};
  for (const line of [result.machine, ...notes]) report.line(line);
  if (cases.some(one => one.engines.some(({python}) => python))) await setUpPython(context, engines, report);

  const name = options.name ?? stamp(new Date());
  const guesses = cases.flatMap(one => one.modes.map(mode => guessMs(one, mode, nets, options)));
  let done = 0;
  const left = () => timeLeft(guesses, done, elapsed());
  const turn = {turnMs: options.steps ? 0 : DEFAULTS.turnMs, least: options.steps ?? DEFAULTS.steps};
  rmSync(CASES, {recursive: true, force: true});
  for (const one of cases) {
    const heading = headingOf(one, nets[one.net]);
    const file = await makeCase(one);
    const wanted = options.rounds ?? one.rounds ?? DEFAULTS.rounds;
    const rounds = () => roundsInTime(wanted, left(), (options.minutes ?? MINUTES) * 60e3 - elapsed());
    const onPiece = () => report.line(progress(++done, guesses.length, heading, left()));
    const found = await measureCase({...one, file, context}, {turn, rounds, onPiece});
    result.rows.push(...found.map(row => complete(row, one, heading, engines)));
    result.minutes = elapsed() / 60e3;
    // After each case, so that a run that is broken off has not been for nothing.
    writeResult(result, formatReport(result), name);
  }
  for (const {name: part, kernels} of parts) {
    if (!kernels) continue;
    report.line(`kernels of the part ${part}`);
    result.kernels = await kernels({rounds: options.rounds});
    result.minutes = elapsed() / 60e3;
  }
  return finish(result, parts, name, report);
}

async function setUpPython(context, engines, report) {
  try {
    context.python = await ensurePython({requirements: here('./peers/requirements.txt'), report});
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    report.line(error.message);
    for (const {name, python} of engines)
      if (python) context.unavailable.set(name, `not available: ${error.message}`);
  }
}

/** Writes what all engines of a case start from; in each run anew, for nets change. */
async function makeCase({net, batch, classes}) {
  mkdirSync(CASES, {recursive: true});
  const file = join(CASES, `${net}-${batch}-${classes}.json`);
  const args = [here('./make_case.mjs'), net, String(batch), String(classes), file];
  const {code, output} = await runCommand(process.execPath, args);
  if (code !== 0) throw new Error(`make_case.mjs failed: ${output}`);
  return file;
}

function progress(done, all, heading, leftMs) {
  const left = done === all ? '' : `, about ${Math.ceil(leftMs / 60e3)} min left`;
  return `${done} of ${all} (${heading})${left}`;
}

function complete(row, one, heading, engines) {
  const {title: modeTitle} = one.modes.find(({name}) => name === row.mode);
  const {title: engineTitle} = engines.find(({name}) => name === row.engine);
  const {part, net, batch, classes, sweep} = one;
  return {part, net, batch, classes, sweep, ...row, at: row.at ?? one.at, heading, modeTitle, engineTitle};
}

async function finish(result, parts, name, report) {
  const text = formatReport(result);
  console.log(`\n${text}`);
  const path = writeResult(result, text, name);
  report.line(`written: ${path}.txt, ${path}.json`);
  for (const part of parts) {
    const rows = result.rows.filter(row => row.part === part.name && !row.problem);
    if (!part.figure || rows.length === 0) continue;
    await part.figure(rows, `${path}-${part.name}.png`);
    report.line(`drawn: ${path}-${part.name}.png`);
  }
  const describe = row => `${row.heading}, ${row.modeTitle}, ${row.engineTitle}`;
  const differing = result.rows.filter(({differs}) => differs);
  for (const row of differing) report.line(`LOSSES DIFFER: ${describe(row)}: ${row.losses.join(', ')}`);
  const failed = result.rows.filter(({problem}) => problem && !problem.startsWith('not available'));
  for (const row of failed) report.line(`FAILED: ${describe(row)}: ${row.problem}`);
  return differing.length + failed.length > 0 ? 1 : 0;
}
