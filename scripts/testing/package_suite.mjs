import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {run} from 'node:test';
import {spec} from 'node:test/reporters';
import {broken, counts, trustworthy} from './counts.mjs';
import {makePackedProject, removePackedProject} from './packed_project.mjs';

const FOLDER = 'test/package';

/** Runs the tests of test/package on the tarball as a user would install it. */
export async function runPackageTests() {
  let folder;
  try {
    folder = await makePackedProject();
  } catch (error) {
    return broken(error.message);
  }
  process.env.LARGE_MARGIN_PACKED = folder;
  try {
    return trustworthy(await runFiles(), 0);
  } finally {
    removePackedProject(folder);
  }
}

function runFiles() {
  const files = readdirSync(FOLDER).filter(name => name.endsWith('.test.mjs'));
  const result = counts(0, 0, 0);
  const stream = run({files: files.map(name => join(process.cwd(), FOLDER, name)), concurrency: 1});
  stream.on('test:pass', ({name, skip, todo, details}) => {
    if (details.type === 'suite') return;
    if (skip === undefined && todo === undefined) result.passed++;
    else {
      result.skipped++;
      result.notes.push(`skipped: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`);
    }
  });
  stream.on('test:fail', ({details}) => {
    if (details.type !== 'suite') result.failed++;
  });
  return new Promise((resolve, reject) => {
    const report = stream.compose(new spec());
    report.on('error', reject);
    report.on('end', () => resolve(result));
    report.pipe(process.stdout, {end: false});
  });
}
