import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';

const SIGNALS = {SIGHUP: 1, SIGINT: 2, SIGTERM: 15};

/** A step of the build or of the checks that failed after saying why itself. */
export class BuildError extends Error {}

/** Runs a tool of node_modules by its file, with its output shown; throws BuildError when it fails. */
export async function runTool(file, args, options) {
  const path = join('node_modules', file);
  if (!existsSync(path)) throw new BuildError(`${file.split('/')[0]} is not installed: run \`npm ci\`.`);
  const code = await runNode([path, ...args], options);
  if (code !== 0)
    throw new BuildError(`${file.split('/')[0]} ${args.join(' ')} failed: mend what it says above.`);
}

/** Runs node with these arguments and its output shown, without a shell; resolves to the exit code. */
export function runNode(args, {env = process.env, ...options} = {}) {
  const child = spawn(process.execPath, args, {stdio: 'inherit', env, ...options});
  // A terminal sends Ctrl-C to the child as well: only stay until it has ended. All else reaches it through us.
  const onSignal = signal => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
  for (const signal of Object.keys(SIGNALS)) process.on(signal, onSignal);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of Object.keys(SIGNALS)) process.off(name, onSignal);
      resolve(code ?? 128 + (SIGNALS[signal] ?? 0));
    });
  });
}
