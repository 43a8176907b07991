import {mkdir, readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {check} from '../../src/index.js';
import {replaceFile} from './replace_file.js';

const CALLER = 'stateFile';

/** Where the state of an evaluation is kept: what `robustnessReport` takes as `state`. */
export interface StateFile {
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

/**
 * Keeps the state of a long evaluation in a file, so that it goes on where its process ended: after a kill or a power
 * failure the file holds what was written last, or before, and never a part.
 *
 * @param path The file; its folder is made where there is none.
 * @throws ArgumentError for what is no path.
 * @example
 * const state = stateFile('run/robustness.json');
 * const report = await robustnessReport(classifier, x, labels, {epsilons: [0.1], state});
 */
export function stateFile(path: string): StateFile {
  check(typeof path === 'string' && path !== '', CALLER, 'path', 'to be the path of a file', path);
  return {
    async read() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    async write(text) {
      await mkdir(dirname(path), {recursive: true});
      await replaceFile(path, text);
    },
  };
}
