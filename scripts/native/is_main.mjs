import {existsSync, realpathSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

/** Whether node was started on the module with this URL, be it through a link, as npm makes for a command. */
export function isMain(url) {
  const [, file] = process.argv;
  return Boolean(file) && existsSync(file) && url === pathToFileURL(realpathSync(file)).href;
}
