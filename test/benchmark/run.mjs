import {existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {ensurePython} from '../../scripts/benchmark/python_environment.mjs';
import {describeMachine} from '../../scripts/benchmark/machine.mjs';
import {writeResult} from '../../scripts/benchmark/result_files.mjs';
import {roundsInTime, timeLeft} from '../../scripts/benchmark/schedule.mjs';
import {runCommand} from '../../scripts/native/run_command.mjs';
import {SetupError} from '../../scripts/native/setup_error.mjs';
import {allEngines} from './engines/index.mjs';
import {measureCase} from './measure_case.mjs';
import {allNets} from './nets/index.mjs';
import {formatReport} from './report.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const CASES = 'build/benchmark';
const DEFAULTS = {rounds: 5, minutes: 38, steps: 2};
const TURN_MS = 350;
/** Guess of what starting a worker takes, in the unit of the nets' `guessMs`. */
const START_MS = 5000;

/** Runs parts and writes and prints what was measured; resolves to the exit code. */
export async function runParts(parts, options, report) {
  const began = Date.now();
  const nets = await allNets();
  const engines = await allEngines();
  const notes = [];
  const context = {unavailable: new Map(), versions: {}, python: undefined};
  const cases = listCases(parts, options, engines, notes);
  const machine = describeMachine();
  report.line(machine);
  for (const note of notes) report.line(note);
  if (cases.some(one => one.engines.some(({python}) => python))) await setUpPython(context, engines, report);

  const rows = [];
  const guesses = cases.flatMap(one => one.modes.map(mode => guessMs(one, mode, nets, options)));
  let done = 0;
  const left = () => timeLeft(guesses, done, Date.now() - began);
  const allowed = () => (options.minutes ?? DEFAULTS.minutes) * 60e3 - (Date.now() - began);
  for (const one of cases) {
    const net = nets[one.net];
    const heading = headingOf(one, net);
    const file = await ensureCase(one);
    const turn = {turnMs: options.steps ? 0 : TURN_MS, least: options.steps ?? DEFAULTS.steps};
    const rounds = () => roundsInTime(options.rounds ?? one.rounds ?? DEFAULTS.rounds, left(), allowed());
    const onPiece = () => report.line(progress(++done, guesses.length, heading, left()));
    const found = await measureCase({...one, file, context}, {turn, rounds, onPiece});
    rows.push(...found.map(row => complete(row, one, heading, engines)));
  }
  const result = {machine, versions: context.versions, minutes: (Date.now() - began) / 60e3, notes, rows};
  result.options = {parts: parts.map(({name}) => name), ...options};
  return finish(result, parts, report);
}

function headingOf({batch, classes, sweep}, {title}) {
  const what = `${title}, batch ${batch}${classes === 10 ? '' : `, ${classes} classes`}`;
  return sweep ? `growth with ${sweep}: ${what}` : what;
}

function listCases(parts, options, engines, notes) {
  return parts.flatMap(part => {
    const why = part.unavailable?.();
    if (why) {
      notes.push(`${part.name}: ${why}`);
      return [];
    }
    const isWanted = name => !options.engines || options.engines.includes(name);
    const cases = part.cases().filter(({batch}) => !options.batches || options.batches.includes(batch));
    return cases.flatMap(one => {
      const chosen = engines.filter(({name}) => one.engines.includes(name) && isWanted(name));
      const modes = one.modes.filter(
        ({name}) => name === 'ce' || !options.modes || options.modes.includes(name),
      );
      return chosen.length === 0 ? [] : [{...one, part: part.name, modes, engines: chosen}];
    });
  });
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

/** The file of a case, made once: its seeds are fixed. */
async function ensureCase({net, batch, classes}) {
  mkdirSync(CASES, {recursive: true});
  const file = join(CASES, `${net}-${batch}-${classes}.json`);
  if (existsSync(file)) return file;
  const args = [here('./make_case.mjs'), net, String(batch), String(classes), file];
  const {code, output} = await runCommand(process.execPath, args);
  if (code !== 0) throw new Error(`make_case.mjs failed: ${output}`);
  return file;
}

function guessMs({net, batch, engines}, {cost}, nets, {rounds = DEFAULTS.rounds, steps = DEFAULTS.steps}) {
  const stepMs = nets[net].guessMs * batch * cost;
  return engines.length * (START_MS + rounds * Math.max(TURN_MS, (1 + steps) * stepMs));
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

async function finish(result, parts, report) {
  const text = formatReport(result);
  console.log(`\n${text}`);
  const path = writeResult(result, text, result.options.name);
  for (const part of parts) {
    const rows = result.rows.filter(row => row.part === part.name);
    if (part.figure && rows.length > 0) await part.figure(rows, `${path}-${part.name}.png`);
  }
  report.line(`written: ${path}.txt, ${path}.json`);
  const differing = result.rows.filter(({differs}) => differs);
  for (const row of differing) {
    const losses = row.losses.map(loss => loss.toPrecision(8)).join(', ');
    report.line(`LOSSES DIFFER: ${row.heading}, ${row.modeTitle}, ${row.engineTitle}: ${losses}`);
  }
  const failed = result.rows.filter(({problem}) => problem && !problem.startsWith('not available'));
  for (const row of failed)
    report.line(`FAILED: ${row.heading}, ${row.modeTitle}, ${row.engineTitle}: ${row.problem}`);
  return differing.length + failed.length > 0 ? 1 : 0;
}
