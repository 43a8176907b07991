import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, join} from 'node:path';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of the first of `names` that is a program on PATH, or null. */
export function findProgram(names, path = process.env.PATH ?? '') {
  for (const name of names) {
    for (const folder of path.split(delimiter).filter(Boolean)) {
      if (isProgram(join(folder, name))) return join(folder, name);
    }
  }
  return null;
}

/** The browser for the tests: CHROME_BIN when it names a program, else a Chromium on PATH, else null. */
export function findBrowser(env = process.env) {
  if (env.CHROME_BIN) return isProgram(env.CHROME_BIN) ? env.CHROME_BIN : null;
  return findProgram(BROWSERS, env.PATH);
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
