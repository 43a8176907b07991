/**
 * `node test/benchmark/attack_speed.mjs [rounds]`: pictures a second of PGD with 40 steps on the paper's MNIST net, with
 * this package on tfjs-node and with Foolbox on Python's TensorFlow, in turn; each engine has all cores for itself.
 */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {startWorker} from '../../scripts/benchmark/ask_process.mjs';
import {describeMachine} from '../../scripts/benchmark/machine.mjs';
import {ensurePython} from '../../scripts/benchmark/python_environment.mjs';
import {writeResult} from '../../scripts/benchmark/result_files.mjs';
import {rotated} from '../../scripts/benchmark/schedule.mjs';
import {median} from '../../scripts/benchmark/statistics.mjs';
import {formatTable} from '../../scripts/benchmark/table.mjs';
import {ensureBuilt} from '../../scripts/build.mjs';
import {cacheFolder} from '../../scripts/native/cache.mjs';
import {ensureNative} from '../../scripts/native/index.mjs';
import {createReport} from '../../scripts/native/report.mjs';
import {runCommand} from '../../scripts/native/run_command.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const COUNT = 1000;
const ATTACK = {epsilon: 0.1, steps: 40, stepSize: 0.1 / 16};

const NOTES = `Every engine makes 40 steps of the cross-entropy's gradient in l_inf at 0.1 for the same 1,000 test pictures. "kept":
each picture makes all steps (here ifgsm: the steps of pgd without its random start); "leaving": pgd, whose pictures are
done as soon as they are misclassified. Foolbox keeps them all. Medians of the rounds, in which all take turns.`;

/** Whose turn it is: a process each, and the ways in which it is asked. */
function players(python) {
  const node = name => ({file: process.execPath, args: [here('./attack_speed_worker.mjs'), name]});
  const foolbox = how => ({file: python, args: ['-B', here('./attack_speed_worker.py'), how]});
  const ours = [
    {mode: 'kept', batch: 100},
    {mode: 'kept', batch: COUNT},
    {mode: 'leaving', batch: 100, leaving: true},
    {mode: 'leaving', batch: COUNT, leaving: true},
  ];
  const theirs = [
    {mode: 'kept', batch: 100},
    {mode: 'kept', batch: COUNT},
  ];
  return [
    {title: 'tfjs-node, stock', command: node('tfjs-node'), ways: ours},
    {title: 'tfjs-node, tuned', command: node('tfjs-node-tuned'), ways: ours},
    {title: 'Foolbox, Keras model', command: foolbox('keras'), ways: theirs},
    {title: 'Foolbox, tf.function', command: foolbox('tf-function'), ways: theirs},
  ];
}

async function main(rounds) {
  const report = createReport(process.stdout, '[attack speed]');
  await ensureNative();
  await ensureBuilt();
  const requirements = here('../reference/attacks/requirements_foolbox.txt');
  const python = await ensurePython({requirements, report, folder: join(cacheFolder(), 'attack-python')});
  const machine = describeMachine();
  const file = await makeCase();
  const [rows, versions] = [[], {}];
  const all = players(python);
  try {
    for (const player of all) {
      player.worker = startWorker(player.command);
      const answer = await player.worker.ask({ask: 'load', case: file});
      player.problem = answer.unavailable ?? answer.error;
      Object.assign(versions, answer.versions);
      for (const way of player.ways) rows.push({player, ...way, times: []});
    }
    for (const row of rows) await ask(row, row.batch, []);
    for (let round = 0; round < rounds; round++)
      for (const row of rotated(rows, round)) {
        await ask(row, COUNT, row.times);
        report.line(`round ${round + 1}: ${row.player.title}, ${row.mode}, batch ${row.batch}`);
      }
  } finally {
    await Promise.all(all.map(({worker}) => worker?.close()));
  }
  return publish(rows, {machine, versions, rounds}, report);
}

/** Lets a row attack once and notes its time. */
async function ask(row, count, times) {
  const {player, batch, leaving = false} = row;
  if (player.problem) return;
  const answer = await player.worker.ask({ask: 'attack', count, batch, leaving, ...ATTACK});
  player.problem = answer.error;
  times.push(answer.ms);
  row.robust = answer.robust;
}

async function makeCase() {
  mkdirSync('build/benchmark', {recursive: true});
  const file = 'build/benchmark/attack_speed.json';
  const {code, output} = await runCommand(process.execPath, [here('./attack_speed_case.mjs'), file]);
  if (code !== 0) throw new Error(`attack_speed_case.mjs failed: ${output}`);
  return file;
}

function publish(rows, head, report) {
  const speed = row => (COUNT * 1000) / median(row.times);
  const best = Math.max(...rows.filter(({player}) => player.title.startsWith('Foolbox')).map(speed));
  const unless = (row, text) => (row.player.problem ? '-' : text());
  const columns = [
    {title: 'engine', align: 'left', of: row => row.player.title},
    {title: 'pictures', align: 'left', of: row => row.mode},
    {title: 'batch', align: 'right', of: row => row.batch},
    {title: 'pictures/s', align: 'right', of: row => unless(row, () => speed(row).toFixed(1))},
    {title: "x Foolbox's best", align: 'right', of: row => unless(row, () => (speed(row) / best).toFixed(2))},
    {title: 'left right', align: 'right', of: row => unless(row, () => `${(row.robust * 100) / COUNT} %`)},
    {title: '', align: 'left', of: row => row.player.problem ?? ''},
  ];
  const versions = Object.entries(head.versions).map(([name, version]) => `${name} ${version}`);
  const text = [head.machine, versions.join(', '), '', formatTable(columns, rows), '', NOTES].join('\n');
  console.log(`\n${text}`);
  const plain = rows.map(({player, ...row}) => ({engine: player.title, problem: player.problem, ...row}));
  report.line(`written: ${writeResult({...head, rows: plain}, text)}.txt, .json`);
  return rows.some(({player}) => player.problem) ? 1 : 0;
}

process.exitCode = await main(Number(process.argv[2] ?? 3));
