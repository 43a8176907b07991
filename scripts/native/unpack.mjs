import {mkdirSync, renameSync, rmSync, symlinkSync} from 'node:fs';
import {basename, join} from 'node:path';
import {freeBytes} from './machine.mjs';
import {megabytes} from './report.mjs';
import {checkSpace} from './requirements.mjs';
import {runCommand} from './run_command.mjs';
import {SetupError} from './setup_error.mjs';

// Of a CUDA wheel what runs: libraries, and the assembler with its device library; no headers.
const CUDA_PARTS = 'nvidia/\\w+/(lib|bin|nvvm)/';

// A wheel is a zip file, and Python is here anyway: pip needed it.
const UNZIP = `
import re, sys, zipfile
wheel, target, wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [n for n in archive.namelist() if re.match(wanted, n)])
`;

/**
 * Puts the libraries and headers of TensorFlow's wheel into staging/deps, as binding.gyp wants to find them, and what
 * CUDA's wheels have to run into staging/deps/nvidia, where TensorFlow's libraries look for it.
 */
export async function unpackWheels({wheels, recipe, staging, python, report}) {
  const [tensorflow, ...cuda] = wheels;
  checkSpace(staging, recipe.unpackedBytes + 50e6, freeBytes(staging));
  const libraries = recipe.libraries.map(name => `tensorflow/${name}`);
  const headers = recipe.headers.map(name => `tensorflow/include/${name}/`);
  const raw = join(staging, 'wheel');
  const deps = join(staging, 'deps');
  await report.stage(`Unpacking ${megabytes(recipe.unpackedBytes)}`, async () => {
    await unzip(python, tensorflow, raw, [...libraries, ...headers]);
    for (const file of cuda) await unzip(python, file, deps, [CUDA_PARTS]);
  });
  const lib = join(deps, 'lib');
  mkdirSync(lib, {recursive: true});
  for (const name of recipe.libraries) renameSync(join(raw, 'tensorflow', name), join(lib, name));
  for (const [link, target] of Object.entries(recipe.links)) symlinkSync(target, join(lib, link));
  renameSync(join(raw, 'tensorflow/include'), join(deps, 'include'));
  rmSync(raw, {recursive: true, force: true});
}

async function unzip(python, wheel, target, wanted) {
  const {code, output} = await runCommand(python, ['-c', UNZIP, wheel, target, wanted.join('|')]);
  if (code === 0) return;
  const reason = output.trim().split('\n').at(-1);
  throw new SetupError(`Unpacking ${basename(wheel)} failed (${reason}): free the disk or the cause named.`);
}
