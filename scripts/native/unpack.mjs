import {mkdirSync, renameSync, rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {freeBytes} from './machine.mjs';
import {recipe} from './recipe.mjs';
import {megabytes} from './report.mjs';
import {checkSpace} from './requirements.mjs';
import {runCommand} from './run_command.mjs';
import {SetupError} from './setup_error.mjs';

// A wheel is a zip file, and Python is here anyway: pip needed it.
const UNZIP = `
import sys, zipfile
wheel, target, wanted = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [n for n in archive.namelist() if n.startswith(wanted)])
`;

/** Puts the libraries and headers of the wheel into staging/deps, as binding.gyp wants to find them. */
export async function unpackWheel({wheel, staging, python, report}) {
  checkSpace(staging, recipe.unpackedBytes + 50e6, freeBytes(staging));
  const libraries = recipe.libraries.map(name => `tensorflow/${name}`);
  const headers = recipe.headers.map(name => `tensorflow/include/${name}/`);
  const raw = join(staging, 'wheel');
  await report.stage(`Unpacking ${megabytes(recipe.unpackedBytes)}`, async () => {
    const args = ['-c', UNZIP, wheel, raw, ...libraries, ...headers];
    const {code, output} = await runCommand(python, args);
    if (code === 0) return;
    const reason = output.trim().split('\n').at(-1);
    throw new SetupError(
      `Unpacking ${recipe.requirement} failed (${reason}): free the disk or the cause named.`,
    );
  });
  const deps = join(staging, 'deps');
  const lib = join(deps, 'lib');
  mkdirSync(lib, {recursive: true});
  for (const name of recipe.libraries) renameSync(join(raw, 'tensorflow', name), join(lib, name));
  for (const [link, target] of Object.entries(recipe.links)) symlinkSync(target, join(lib, link));
  renameSync(join(raw, 'tensorflow/include'), join(deps, 'include'));
  rmSync(raw, {recursive: true, force: true});
}
