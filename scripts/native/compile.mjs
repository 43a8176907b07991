import {cpSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {runCommand} from './run_command.mjs';
import {SetupError} from './setup_error.mjs';

const SOURCES = ['binding', 'binding.gyp', 'package.json'];

/** Compiles tfjs-node's addon inside `staging`; its own folder is only read. */
export async function compileAddon({tfjsNode, staging, machine, nodeGyp, logFile, report}) {
  for (const name of SOURCES) cpSync(join(tfjsNode, name), join(staging, name), {recursive: true});
  const require = createRequire(join(tfjsNode, 'package.json'));
  const preGyp = join(dirname(require.resolve('@mapbox/node-pre-gyp/package.json')), 'bin/node-pre-gyp');
  const env = {
    ...process.env,
    JOBS: 'max',
    npm_config_node_gyp: nodeGyp,
    npm_config_python: machine.python.command,
  };
  // Without headers beside Node, node-gyp downloads them: then it must not look at an old setting.
  if (machine.nodeHeaders) env.npm_config_nodedir = machine.nodeHeaders;
  await report.stage('Compiling the addon', async () => {
    const args = [preGyp, 'install', '--build-from-source'];
    const {code, output} = await runCommand(process.execPath, args, {cwd: staging, env});
    if (code === 0) return;
    writeFileSync(logFile, output);
    throw new SetupError(explainFailure(output, logFile, Boolean(machine.nodeHeaders)));
  });
}

/** Names the likeliest cause in node-gyp's output. */
export function explainFailure(output, logFile, hadHeaders) {
  if (!hadHeaders && /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|network|response downloading|40\d/i.test(output)) {
    return (
      "Node's headers are not beside Node and could not be downloaded: install a Node that brings them " +
      '(include/node/node_api.h), or allow the download through your proxy.'
    );
  }
  const cause = output.match(/^.*?(?:fatal error|error):.*$/m)?.[0].trim() ?? 'no compiler error was printed';
  return `Compiling the addon failed (${cause}): see ${logFile}, mend the cause and run this again.`;
}
