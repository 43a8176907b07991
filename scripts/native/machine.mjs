import {existsSync, readFileSync, statfsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {runCommand} from './run_command.mjs';

/** What the set-up needs to know about this machine; tests hand in a made-up one of the same shape. */
export async function inspectMachine() {
  const works = async (file, args) => (await runCommand(file, args, {timeout: 30_000})).code === 0;
  return {
    platform: process.platform,
    arch: process.arch,
    // Alpine and other musl systems cannot load a library made for glibc.
    glibc: process.platform !== 'linux' || Boolean(process.report.getReport().header.glibcVersionRuntime),
    nodeMajor: Number(process.versions.node.split('.')[0]),
    nodeVersion: process.versions.node,
    compiler: await works(process.env.CXX?.split(' ')[0] || 'g++', ['--version']),
    make: await works(process.env.MAKE || 'make', ['--version']),
    python: await findPython(),
    nodeHeaders: findNodeHeaders(),
    nvidiaDriver: findNvidiaDriver(),
  };
}

/** The first Python on PATH, preferring one that is new enough and has pip: {command, version, pip}. */
export async function findPython(candidates = [process.env.PYTHON, 'python3', 'python']) {
  const ask = 'import sys; print(sys.executable); print("%d.%d" % sys.version_info[:2])';
  let best = null;
  for (const candidate of candidates.filter(Boolean)) {
    const found = await runCommand(candidate, ['-c', ask], {timeout: 30_000});
    if (found.code !== 0) continue;
    const [command, version] = found.stdout.trim().split(/\r?\n/);
    const pip = (await runCommand(command, ['-m', 'pip', '--version'], {timeout: 60_000})).code === 0;
    best ??= {command, version, pip};
    if (pip && atLeast(version, '3.9')) return {command, version, pip};
  }
  return best;
}

export function atLeast(version, wanted) {
  const [a, b] = version.split('.').map(Number);
  const [c, d] = wanted.split('.').map(Number);
  return a > c || (a === c && b >= d);
}

/** The folder for npm_config_nodedir, or null when node-gyp has to download the headers. */
export function findNodeHeaders(execPath = process.execPath) {
  const prefix = dirname(dirname(execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : null;
}

/** The version of the loaded NVIDIA driver, or null. */
export function findNvidiaDriver(file = '/proc/driver/nvidia/version') {
  if (!existsSync(file)) return null;
  return readFileSync(file, 'utf8').match(/\b\d+\.\d+(\.\d+)?\b/)?.[0] ?? null;
}

/** Bytes a normal user may still write to the disk of this (existing) folder. */
export function freeBytes(folder) {
  const {bavail, bsize} = statfsSync(folder);
  return bavail * bsize;
}
