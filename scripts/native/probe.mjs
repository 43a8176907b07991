import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {runCommand} from './run_command.mjs';

const TIMEOUT_MS = 120_000;
const CHILD = fileURLToPath(new URL('./probe_child.mjs', import.meta.url));

/** The folder of an installed package as seen from `from`, or null. */
export function packageFolder(name, from = process.cwd()) {
  try {
    return dirname(createRequire(join(from, 'package.json')).resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/**
 * Whether an engine really computes: {package, state: 'works' | 'missing' | 'broken', version, reason}.
 * Asked in a child process: an addon may crash while loading, and a loaded one cannot be replaced.
 */
export async function probe(name, from = process.cwd()) {
  if (!packageFolder(name, from)) return {package: name, state: 'missing', reason: 'not installed'};
  const {code, stdout, output} = await runCommand(process.execPath, [CHILD, name], {
    cwd: from,
    timeout: TIMEOUT_MS,
    env: {...process.env, TF_CPP_MIN_LOG_LEVEL: '3'},
  });
  const answer = stdout.match(/^PROBE (.*)$/m)?.[1];
  if (answer) return {package: name, ...JSON.parse(answer)};
  const reason = output.trim().split('\n').at(-1) || `ended with code ${code}`;
  return {package: name, state: 'broken', reason};
}
