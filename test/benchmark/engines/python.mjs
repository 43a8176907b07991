import {fileURLToPath} from 'node:url';

const WORKER = fileURLToPath(new URL('../peers/worker.py', import.meta.url));

/** An engine of the Python environment; it plays nets that are given as a list of layers. */
export function pythonEngine({name, title, order}) {
  return {
    ...{name, title, order, python: true, parts: ['mnist', 'mlp', 'rivals']},
    command: ({python}) => ({file: python, args: ['-B', WORKER, name]}),
  };
}
