/** Prints what was found on this machine and which engine will run. Changes nothing. */
import {existsSync, readdirSync} from 'node:fs';
import {resolve} from 'node:path';
import {cachedWheel, cacheFolder, wheelState} from './native/cache.mjs';
import {findBrowser, findProgram} from './native/find_program.mjs';
import {isMain} from './native/is_main.mjs';
import {inspectMachine} from './native/machine.mjs';
import {probe} from './native/probe.mjs';
import {checkMachine} from './native/requirements.mjs';
import {runCommand} from './native/run_command.mjs';

const ENGINES = [
  {name: '@tensorflow/tfjs-node-gpu', remark: ''},
  {name: '@tensorflow/tfjs-node', remark: ''},
  {name: '@tensorflow/tfjs-backend-wasm', remark: 'trains all but 3-D convolutions'},
  {name: '@tensorflow/tfjs-backend-cpu', remark: 'trains everything, slowly'},
];

export async function doctor(print = console.log) {
  const row = (label, text) => print(`  ${label.padEnd(30)}${text}`);
  const machine = await inspectMachine();
  print('Machine');
  for (const [label, text] of await describeMachine(machine)) row(label, text);

  print('\nEngines, in the order of choice');
  let chosen = null;
  for (const {name, remark} of ENGINES) {
    const found = await probe(name);
    if (found.state === 'works') chosen ??= found;
    row(name, [describeEngine(found), found.state === 'works' && remark].filter(Boolean).join(', '));
  }
  print(`\n${chosen ? `Will run on: ${chosen.package} (backend ${chosen.backend})` : noEngine}`);
  if (chosen?.backend !== 'tensorflow') print(nativeAdvice(machine));
  return chosen ? 0 : 1;
}

const noEngine =
  'No engine was found: run `npm install @tensorflow/tfjs-backend-wasm` for one that runs everywhere.';

async function describeMachine(machine) {
  const firstLine = async file => (await runCommand(file, ['--version'])).stdout.split('\n')[0];
  const {python} = machine;
  return [
    ['Node', `${machine.nodeVersion}${machine.nodeMajor >= 23 ? ', too new for tfjs-node 4.22' : ''}`],
    ['platform', `${machine.platform} ${machine.arch}${machine.glibc ? '' : ', musl'}`],
    [
      'C++ compiler',
      machine.compiler ? await firstLine(process.env.CXX?.split(' ')[0] || 'g++') : 'not found',
    ],
    ['make', machine.make ? await firstLine(process.env.MAKE || 'make') : 'not found'],
    ['Python', python ? `${python.version}${python.pip ? ' with pip' : ' without pip'}` : 'not found'],
    ["Node's headers", machine.nodeHeaders ?? 'not beside Node: node-gyp downloads them'],
    ['cache', await describeCache()],
    ...(existsSync('test/reference') ? describeCheckout() : []),
  ];
}

// What only a checkout of this project has a use for.
function describeCheckout() {
  const browser = findBrowser();
  const redis = findProgram(['redis-server']);
  return [
    ['browser', browser ?? 'not found: browser tests are skipped (install chromium or set CHROME_BIN)'],
    ['redis-server', redis ?? 'not found (wanted for sweeps over several machines only)'],
    ['data (LARGE_MARGIN_DATA)', describeData()],
  ];
}

async function describeCache() {
  const states = {
    absent: 'nothing downloaded yet',
    damaged: 'the download in it is damaged and will be fetched again',
    good: 'holds the TensorFlow download, checksum right',
  };
  return `${cacheFolder()}: ${states[await wheelState(cachedWheel())]}`;
}

function describeData() {
  const folder = resolve(process.env.LARGE_MARGIN_DATA || '../shared/data');
  if (!existsSync(folder)) return `${folder}: absent, tests that want its models and pictures are skipped`;
  return `${folder}: ${readdirSync(folder).length} entries`;
}

function describeEngine(found) {
  if (found.state === 'missing') return 'not installed';
  if (found.state === 'broken') return `does not work: ${found.reason}`;
  const blind = found.gpu === false ? ', but finds no GPU and computes on the CPU' : '';
  return `${found.version} works${found.library ? ` (TensorFlow ${found.library})` : ''}${blind}`;
}

function nativeAdvice(machine) {
  try {
    checkMachine(machine);
    return 'For the native engine, which is faster, run `npm run native` (in your own project: `npx tfjs-large-margin native`).';
  } catch (error) {
    return `For the native engine, which is faster: ${error.message}`;
  }
}

if (isMain(import.meta.url)) {
  process.exitCode = await doctor();
}
