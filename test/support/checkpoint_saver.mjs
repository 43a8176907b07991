/**
 * Saves checkpoints and kills itself with SIGKILL at one file operation.
 *
 * Its argument is JSON: `store` (the URL of the built store's folder), `folder`, `keep`, `saves` ([step, label] each), `at` (which
 * operation, 1 the first; 0: none), `when` ('before' or 'after' it), `operations` ('changing' or 'all' are counted), `most`
 * (bytes a write). Says `saved <n>` after each save.
 */
import {writeSync} from 'node:fs';
import {CHANGING, filesOf, watched} from './checkpoint_operations.mjs';

const {store, folder, keep, saves, at, when, operations, most} = JSON.parse(process.argv[2]);
const {CheckpointFolder} = await import(`${store}/checkpoint_folder.js`);
const {nodeFileSystem} = await import(`${store}/file_system.js`);

let count = 0;
const suicidal = async (name, run) => {
  if (operations === 'changing' && !CHANGING.has(name)) return run();
  count++;
  if (count === at && when === 'before') die();
  const result = await run();
  if (count === at && when === 'after') die();
  return result;
};

const checkpoints = new CheckpointFolder(folder, {keep}, watched(nodeFileSystem, suicidal, most));
for (const [index, [step, label]] of saves.entries()) {
  await checkpoints.save(step, filesOf(label));
  writeSync(1, `saved ${index + 1}\n`);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
  // Not one more operation, however long the signal takes.
  for (;;);
}
