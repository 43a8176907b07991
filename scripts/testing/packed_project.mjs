import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {runCommand} from '../native/run_command.mjs';

/**
 * A user's project in a temporary folder: our tarball installed by npm without network, and tfjs beside it.
 * The tfjs packages are links, so that tens of megabytes need not be copied.
 */
export async function makePackedProject() {
  const folder = mkdtempSync(join(tmpdir(), 'large-margin-packed-'));
  const packed = await npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    process.cwd(),
  );
  const [{filename, files}] = JSON.parse(packed);
  writeManifest(folder);
  const offline = ['--offline', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(['install', ...offline, `./${filename}`], folder);
  linkTfjs(folder, readdirSync(TFJS));
  writeFileSync(join(folder, 'packed.json'), JSON.stringify(files.map(file => file.path)));
  return folder;
}

/** Another user's project with the same package, and only these packages of tfjs beside it. */
export function makeProjectBeside({installed}, names) {
  const folder = mkdtempSync(join(tmpdir(), 'large-margin-packed-'));
  writeManifest(folder);
  cpSync(installed, join(folder, 'node_modules/tfjs-large-margin'), {recursive: true});
  linkTfjs(folder, names);
  return folder;
}

const TFJS = 'node_modules/@tensorflow';

function linkTfjs(folder, names) {
  mkdirSync(join(folder, TFJS));
  for (const name of names) symlinkSync(resolve(TFJS, name), join(folder, TFJS, name));
}

function writeManifest(folder) {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({name: 'user', private: true, type: 'module'}));
}

/** The project made by makePackedProject: where it is, its package and the list of the tarball's files. */
export function readPackedProject(folder) {
  const installed = join(folder, 'node_modules/tfjs-large-margin');
  return {folder, installed, files: JSON.parse(readFileSync(join(folder, 'packed.json'), 'utf8'))};
}

export const removePackedProject = folder => rmSync(folder, {recursive: true, force: true});

async function npm(args, cwd) {
  // Started by npm we know its file; otherwise it is on PATH.
  const own = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : null;
  const [file, prefix] = own ? [process.execPath, [own]] : ['npm', []];
  const {code, stdout, output} = await runCommand(file, [...prefix, ...args], {cwd, timeout: 120_000});
  if (code !== 0) throw new Error(`npm ${args[0]} failed: ${output.trim()}`);
  return stdout;
}
