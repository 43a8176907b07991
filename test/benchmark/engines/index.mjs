import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const WORKER = fileURLToPath(new URL('../worker.mjs', import.meta.url));

/**
 * All engines in their order: every file of this folder that exports an `engine`, {name, title, order, parts} and either
 * `start()`, which gives the JavaScript worker its tf, or `command()`, which names a worker of its own. `parts` names the
 * parts that it takes part in.
 */
export async function allEngines() {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter(name => name.endsWith('.mjs') && name !== 'index.mjs');
  const modules = await Promise.all(files.map(name => import(new URL(name, folder))));
  const engines = modules.flatMap(({engine}) => (engine ? [{command: commandOf(engine), ...engine}] : []));
  return engines.sort((a, b) => a.order - b.order);
}

function commandOf({name}) {
  return () => ({file: process.execPath, args: [WORKER, name]});
}
