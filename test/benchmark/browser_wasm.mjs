/**
 * `node test/benchmark/browser_wasm.mjs [rounds] [steps]`: a training step of the paper's net, batch 64, in headless
 * Chromium: wasm with and without SIMD, the threaded build with and without threads of our own, webgl. Each engine has a
 * Chromium of its own, and they take turns. Asserts nothing about the clock.
 */
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {extname, join, normalize} from 'node:path';
import {median, relativeDifference} from '../../scripts/benchmark/statistics.mjs';
import {describeMachine} from '../../scripts/benchmark/machine.mjs';
import {ensureBuilt} from '../../scripts/build.mjs';
import {findBrowser} from '../../scripts/native/find_program.mjs';
import {bundleSpec} from '../../scripts/testing/bundle_spec.mjs';

const ENGINES = [
  {engine: 'wasm, SIMD', isSimd: true},
  {engine: "wasm, tfjs's build without SIMD", isSimd: false},
  {engine: "wasm, threaded, tfjs's threads only", isSimd: true, isThreaded: true},
  {engine: 'wasm, threaded, ours too', isSimd: true, isThreaded: true, hasOwnThreads: true},
  // Without a graphics card it is drawn in software, which takes its time.
  {engine: 'webgl', rounds: 1},
];
const MODES = ['ce', 'margin'];
const SCRIPTS = [
  'node_modules/@tensorflow/tfjs/dist/tf.min.js',
  'node_modules/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  'dist/large-margin.umd.js',
];
const TYPES = {'.js': 'text/javascript', '.wasm': 'application/wasm'};
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const [rounds, count] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 4)];
const browser = findBrowser();
if (!browser) throw new Error('no browser was found: install chromium or name one in CHROME_BIN');
await ensureBuilt();
const page = await bundleSpec('test/benchmark/browser_wasm_page.js');
const turns = new Map(ENGINES.map(({engine}) => [engine, newTurn()]));
const folder = mkdtempSync(join(tmpdir(), 'browser_wasm-'));
const server = createServer(serve);
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const browsers = ENGINES.map(open);
try {
  const starts = [];
  for (const {engine} of ENGINES) starts.push(await ask(engine, {job: 'start'}));
  checkLosses(starts);
  const times = ENGINES.map(() => ({ce: [], margin: []}));
  for (let round = 0; round < rounds; round++)
    for (const mode of MODES)
      for (const [i, {engine, rounds: own = rounds}] of ENGINES.entries())
        if (round < own) times[i][mode].push(median(await ask(engine, {job: 'steps', mode, count})));
  print(starts, times);
} finally {
  for (const child of browsers) child.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
  await Promise.all(
    browsers.map(child => child.exitCode ?? new Promise(resolve => child.on('close', resolve))),
  );
  rmSync(folder, {recursive: true, force: true, maxRetries: 50, retryDelay: 100});
}

/** One Chromium on one page. */
function open({engine, ...options}, i) {
  const flags = JSON.parse(readFileSync('scripts/testing/browser_flags.json', 'utf8'));
  const query = encodeURIComponent(JSON.stringify({engine, ...options}));
  const address = `http://127.0.0.1:${server.address().port}/${options.isThreaded ? 'isolated' : 'page'}?${query}`;
  const own = ['--headless', `--user-data-dir=${join(folder, String(i))}`, '--remote-debugging-port=0'];
  return spawn(browser, [...flags, ...own, address], {stdio: 'ignore'});
}

function serve(request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
  if (path === '/turn') return takeTurn(request, response);
  if (path === '/isolated' || path === '/page') {
    const headers = {'Content-Type': 'text/html', ...(path === '/isolated' ? ISOLATED : {})};
    const scripts = [...SCRIPTS.map(script => `/base/${script}`), '/page.js'];
    return response
      .writeHead(200, headers)
      .end(scripts.map(script => `<script src="${script}"></script>`).join(''));
  }
  const file = path.replace(/^\/base\//, '');
  const headers = {'Content-Type': TYPES[extname(path)] ?? 'text/plain', ...ISOLATED};
  if (path === '/page.js') return response.writeHead(200, headers).end(page);
  if (!existsSync(file)) return response.writeHead(404).end();
  return response.writeHead(200, headers).end(readFileSync(file));
}

/** A page asks for its next job and says what the last one gave; it waits for the answer until it is its turn. */
async function takeTurn(request, response) {
  const chunks = await request.toArray();
  const {engine, answer} = JSON.parse(Buffer.concat(chunks).toString());
  const turn = turns.get(engine);
  if (answer) turn.answered(answer);
  turn.waiting(response);
}

function newTurn() {
  const turn = {};
  turn.response = new Promise(resolve => (turn.waiting = resolve));
  return turn;
}

async function ask(engine, order) {
  const turn = turns.get(engine);
  const response = await turn.response;
  turn.response = new Promise(resolve => (turn.waiting = resolve));
  const answer = new Promise(resolve => (turn.answered = resolve));
  response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify(order));
  const {value, error} = await answer;
  if (error) throw new Error(`${engine}: ${error}`);
  return value;
}

/** Engines that compute different losses are not to be compared. */
function checkLosses(starts) {
  const wanted = starts[0].losses;
  for (const mode of MODES)
    starts.forEach(({losses}, i) => {
      for (const [k, loss] of losses[mode].entries())
        if (!(relativeDifference(loss, wanted[mode][k]) < 1e-3))
          throw new Error(`${ENGINES[i].engine}: expected the loss ${wanted[mode][k]}, got ${loss}`);
    });
}

/** Ratios are the median of the ratios within a round. */
function print(starts, times) {
  const cell = number => number.toFixed(2).padStart(9);
  const ratio = (mode, i, k) => median(times[i][mode].map((ms, round) => ms / times[k][mode][round]));
  console.log(
    `${describeMachine()}\npaper's CNN, batch 64, ms a step; medians of ${rounds} rounds of ${count} steps\n`,
  );
  const head = ['CE', 'margin', 'margin/CE', 'CE/SIMD', 'm./SIMD'].map(text => text.padStart(9)).join('');
  console.log(`${'engine'.padEnd(38)}${head}  threads, kernels`);
  ENGINES.forEach(({engine}, i) => {
    const own = median(times[i].margin.map((ms, round) => ms / times[i].ce[round]));
    const cells = [
      median(times[i].ce),
      median(times[i].margin),
      own,
      ratio('ce', i, 0),
      ratio('margin', i, 0),
    ];
    console.log(
      `${engine.padEnd(38)}${cells.map(cell).join('')}  ${starts[i].threads}, ${starts[i].runsOn || '-'}`,
    );
  });
  console.log(
    `\nours too / tfjs's threads only: CE ${cell(ratio('ce', 3, 2))}, margin ${cell(ratio('margin', 3, 2))}`,
  );
}
