import {existsSync} from 'node:fs';
import {resolve} from 'node:path';

/** The folder of real models and pictures: the variable LARGE_MARGIN_DATA, by default ../shared/data. */
export const dataFolder = resolve(process.env.LARGE_MARGIN_DATA ?? '../shared/data');

/** Whether the data are there; tests that need them are skipped, and say so, where they are not. */
export const hasData = existsSync(dataFolder);

if (!hasData) console.warn(`no data at ${dataFolder}: set LARGE_MARGIN_DATA to run the tests of real models`);
