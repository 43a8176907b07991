import {existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {cacheFolder} from '../native/cache.mjs';
import {withLock} from '../native/lock.mjs';
import {findPython, freeBytes} from '../native/machine.mjs';
import {checkSpace} from '../native/requirements.mjs';
import {runCommand} from '../native/run_command.mjs';
import {SetupError} from '../native/setup_error.mjs';

const WANTED = '3.11';
const NEEDED_BYTES = 2.5e9;

/**
 * Makes the Python environment of the rivals and returns its interpreter. It lies in the user's cache and is made again
 * only when the list of packages changes; the mark that it is whole is written last.
 *
 * @throws SetupError in one sentence when there is no fitting Python, no room or no network.
 */
export async function ensurePython({requirements, report, folder = join(cacheFolder(), 'benchmark-python')}) {
  const wanted = readFileSync(requirements, 'utf8');
  const python = join(folder, 'bin/python');
  if (isWhole(folder, wanted)) return python;
  const base = checkPython(await findPython([process.env.PYTHON, `python${WANTED}`, 'python3', 'python']));
  mkdirSync(cacheFolder(), {recursive: true});
  return withLock(folder, async ({waited}) => {
    if (waited && isWhole(folder, wanted)) return python;
    checkSpace(cacheFolder(), NEEDED_BYTES, freeBytes(cacheFolder()));
    rmSync(folder, {recursive: true, force: true});
    await report.stage('Making the Python environment of the rivals', async () => {
      await run(base, ['-m', 'venv', folder], 'making a Python environment');
      // The wheel of the native engine is in the cache already: pip takes it instead of fetching it once more.
      const quiet = ['--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
      const args = ['-m', 'pip', 'install', ...quiet, '--find-links', cacheFolder(), '-r', requirements];
      await run(python, args, 'installing the Python rivals');
    });
    writeFileSync(`${markOf(folder)}.part`, wanted);
    renameSync(`${markOf(folder)}.part`, markOf(folder));
    return python;
  });
}

/** The command of a Python that TensorFlow 2.15 and the pinned packages are made for; throws SetupError. */
export function checkPython(found) {
  if (found?.version === WANTED) return found.command;
  const what = found ? `Python ${found.version}` : 'no Python';
  throw new SetupError(
    `The Python rivals need Python ${WANTED} and ${what} was found: install it or name one in the variable PYTHON.`,
  );
}

const markOf = folder => join(folder, 'installed.txt');

function isWhole(folder, wanted) {
  return existsSync(markOf(folder)) && readFileSync(markOf(folder), 'utf8') === wanted;
}

async function run(file, args, what) {
  const {code, output} = await runCommand(file, args);
  if (code === 0) return;
  const reason = output.match(/^ERROR: (.*)$/m)?.[1] ?? output.trim().split('\n').at(-1);
  throw new SetupError(`${what} failed (${reason}): mend that and run this again.`);
}
