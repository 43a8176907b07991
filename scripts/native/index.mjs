/** Sets up a working @tensorflow/tfjs-node where its makers' download is out of reach. */
import {existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {cacheFolder} from './cache.mjs';
import {compileAddon} from './compile.mjs';
import {ensureWheel} from './download.mjs';
import {findNodeGyp} from './find_node_gyp.mjs';
import {interruptible} from './interruptible.mjs';
import {withLock} from './lock.mjs';
import {inspectMachine} from './machine.mjs';
import {packageFolder, probe} from './probe.mjs';
import {recipe} from './recipe.mjs';
import {createReport} from './report.mjs';
import {checkMachine} from './requirements.mjs';
import {SetupError} from './setup_error.mjs';
import {unpackWheel} from './unpack.mjs';

const STAGING = '.native-staging-';
const ENGINES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** Makes a native engine work for the packages of `from`; resolves to what probe() says of it. */
export async function ensureNative({from = process.cwd(), report = createReport()} = {}) {
  const working = await findWorking(from);
  if (working) return working;
  const folder = packageFolder('@tensorflow/tfjs-node', from);
  if (!folder) {
    throw new SetupError(
      '@tensorflow/tfjs-node is not installed here: run ' +
        `\`npm install --ignore-scripts @tensorflow/tfjs-node@${recipe.tfjsNode}\`, then this again.`,
    );
  }
  const tfjsNode = realpathSync(folder);
  checkVersion(tfjsNode);
  const machine = await inspectMachine();
  checkMachine(machine);
  const onWait = () => report.line('Another run is setting up the native engine: waiting for it');
  return withLock(
    tfjsNode,
    async ({waited}) => {
      const done = waited && (await findWorking(from));
      if (done) return done;
      const nodeGyp = findNodeGyp(from);
      await interruptible(() => install({tfjsNode, machine, nodeGyp, report}));
      return confirm(from);
    },
    {onWait},
  );
}

async function findWorking(from) {
  for (const name of ENGINES) {
    const found = await probe(name, from);
    if (found.state === 'works') return found;
  }
  return null;
}

function checkVersion(tfjsNode) {
  const {version} = JSON.parse(readFileSync(join(tfjsNode, 'package.json'), 'utf8'));
  if (version === recipe.tfjsNode) return;
  throw new SetupError(
    `@tensorflow/tfjs-node is ${version} here, and the set-up is proven for ${recipe.tfjsNode} only: ` +
      `run \`npm install --ignore-scripts @tensorflow/tfjs-node@${recipe.tfjsNode}\`.`,
  );
}

async function install({tfjsNode, machine, nodeGyp, report}) {
  report.line(`tfjs-node ${recipe.tfjsNode} has no working addon yet: setting it up`);
  const folder = cacheFolder();
  const python = machine.python.command;
  const wheel = await ensureWheel({folder, python, report});
  // All is made aside and renamed at the end, the addon last: whoever looks sees no half of it.
  const staging = makeStaging(tfjsNode);
  try {
    await unpackWheel({wheel, staging, python, report});
    await compileAddon({tfjsNode, staging, machine, nodeGyp, logFile: join(folder, 'compile.log'), report});
    for (const name of ['lib', 'build', 'deps']) rmSync(join(tfjsNode, name), {recursive: true, force: true});
    for (const name of ['deps', 'lib']) renameSync(join(staging, name), join(tfjsNode, name));
  } finally {
    removeQuietly(staging);
  }
}

// A new name each time: what a killed run started may still be writing into the old one.
function makeStaging(tfjsNode) {
  for (const name of readdirSync(tfjsNode)) if (name.startsWith(STAGING)) removeQuietly(join(tfjsNode, name));
  try {
    return mkdtempSync(join(tfjsNode, STAGING));
  } catch (error) {
    throw new SetupError(`${tfjsNode} cannot be written (${error.code}): run this as its owner.`);
  }
}

function removeQuietly(folder) {
  try {
    rmSync(folder, {recursive: true, force: true, maxRetries: 5});
  } catch {
    // Left for the next run, which tries again.
  }
}

async function confirm(from) {
  const found = await probe('@tensorflow/tfjs-node', from);
  if (found.state === 'works') return found;
  // An addon that does not load is worse than none: the next run should start afresh.
  const folder = packageFolder('@tensorflow/tfjs-node', from);
  for (const name of ['lib', 'deps']) rmSync(join(folder, name), {recursive: true, force: true});
  throw new SetupError(
    `The addon was built but does not work (${found.reason}) and was removed: ` +
      'please report this with the output of `npm run doctor`.',
  );
}

/** The command: prints the outcome, returns the exit code. */
export async function main() {
  const report = createReport();
  const began = Date.now();
  try {
    const found = await ensureNative({report});
    const library = found.library ? ` on TensorFlow ${found.library}` : '';
    report.line(
      `${found.package} ${found.version}${library} works (${((Date.now() - began) / 1000).toFixed(1)} s)`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`[native] ${error.message}\n`);
    return 1;
  }
}

const self = process.argv[1];
if (self && existsSync(self) && import.meta.url === pathToFileURL(realpathSync(self)).href) {
  process.exitCode = await main();
}
