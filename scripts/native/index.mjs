/** Sets up a working @tensorflow/tfjs-node where its makers' download is out of reach. */
import {mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {cacheFolder} from './cache.mjs';
import {compileAddon} from './compile.mjs';
import {ensureWheel} from './download.mjs';
import {findNodeGyp} from './find_node_gyp.mjs';
import {interruptible} from './interruptible.mjs';
import {isMain} from './is_main.mjs';
import {withLock} from './lock.mjs';
import {inspectMachine} from './machine.mjs';
import {packageFolder, probe} from './probe.mjs';
import {gpuRecipe, recipe as cpuRecipe, wheelsOf} from './recipe.mjs';
import {createReport} from './report.mjs';
import {checkDriver, checkMachine} from './requirements.mjs';
import {SetupError} from './setup_error.mjs';
import {unpackWheels} from './unpack.mjs';

const STAGING = '.native-staging-';
const ENGINES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/**
 * Makes a native engine work for the packages of `from`; resolves to what probe() says of it.
 *
 * @param gpu make tfjs-node-gpu work, and be content with nothing else
 * @param withoutDriver build for GPUs where there is none
 */
export async function ensureNative({
  from = process.cwd(),
  report = createReport(),
  gpu = false,
  withoutDriver = false,
  inspect = inspectMachine,
} = {}) {
  const recipe = gpu ? gpuRecipe : cpuRecipe;
  const engines = gpu ? [gpuRecipe.package] : ENGINES;
  const working = await findWorking(from, engines);
  if (working) return working;
  const folder = packageFolder(recipe.package, from);
  if (!folder)
    throw new SetupError(
      `${recipe.package} is not installed here: ${installCommand(recipe)}, then this again.`,
    );
  const tfjsNode = realpathSync(folder);
  checkVersion(tfjsNode, recipe);
  const machine = await inspect();
  checkMachine(machine);
  if (gpu && !withoutDriver) checkDriver(machine);
  const onWait = () => report.line('Another run is setting up the native engine: waiting for it');
  return withLock(
    tfjsNode,
    async ({waited}) => {
      const done = waited && (await findWorking(from, engines));
      if (done) return done;
      const nodeGyp = findNodeGyp(from);
      await interruptible(() => install({recipe, tfjsNode, machine, nodeGyp, report}));
      return confirm(from, recipe);
    },
    {onWait},
  );
}

async function findWorking(from, engines) {
  for (const name of engines) {
    const found = await probe(name, from);
    if (found.state === 'works') return found;
  }
  return null;
}

const installCommand = recipe => `run \`npm install --ignore-scripts ${recipe.package}@${recipe.tfjsNode}\``;

function checkVersion(tfjsNode, recipe) {
  const {version} = JSON.parse(readFileSync(join(tfjsNode, 'package.json'), 'utf8'));
  if (version === recipe.tfjsNode) return;
  throw new SetupError(
    `${recipe.package} is ${version} here, and the set-up is proven for ${recipe.tfjsNode} only: ` +
      `${installCommand(recipe)}.`,
  );
}

async function install({recipe, tfjsNode, machine, nodeGyp, report}) {
  const name = recipe.package.split('/')[1];
  report.line(`${name} ${recipe.tfjsNode} has no working addon yet: setting it up`);
  const folder = cacheFolder();
  const python = machine.python.command;
  const wheels = [];
  for (const wanted of wheelsOf(recipe)) wheels.push(await ensureWheel({folder, python, report, wanted}));
  // All is made aside and renamed at the end, the addon last: whoever looks sees no half of it.
  const staging = makeStaging(tfjsNode);
  try {
    await unpackWheels({wheels, recipe, staging, python, report});
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

async function confirm(from, recipe) {
  const found = await probe(recipe.package, from);
  if (found.state === 'works') return found;
  // An addon that does not load is worse than none: the next run should start afresh.
  const folder = packageFolder(recipe.package, from);
  for (const name of ['lib', 'deps']) rmSync(join(folder, name), {recursive: true, force: true});
  throw new SetupError(
    `The addon was built but does not work (${found.reason}) and was removed: ` +
      'please report this with the output of `npm run doctor`.',
  );
}

/** The command `native [--gpu [--without-driver]]`: prints the outcome, returns the exit code. */
export async function main(argv = process.argv.slice(2)) {
  const report = createReport();
  const began = Date.now();
  try {
    const found = await ensureNative({report, ...readArguments(argv)});
    const library = found.library ? ` on TensorFlow ${found.library}` : '';
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const blind = found.gpu === false ? ', but found no GPU: it computes on the CPU' : '';
    report.line(`${found.package} ${found.version}${library} works${blind} (${seconds} s)`);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`[native] ${error.message}\n`);
    return 1;
  }
}

/** What the command's arguments ask ensureNative for. */
export function readArguments(argv) {
  const options = {gpu: {type: 'boolean'}, 'without-driver': {type: 'boolean'}};
  let values;
  try {
    ({values} = parseArgs({args: argv, options}));
  } catch (error) {
    throw new SetupError(`${error.message} (known: --gpu, --without-driver).`);
  }
  if (values['without-driver'] && !values.gpu) throw new SetupError('--without-driver goes with --gpu only.');
  return {gpu: values.gpu ?? false, withoutDriver: values['without-driver'] ?? false};
}

if (isMain(import.meta.url)) {
  process.exitCode = await main();
}
