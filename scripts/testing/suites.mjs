import {probe} from '../native/probe.mjs';
import {skipped} from './counts.mjs';
import {runKarma} from './karma_suite.mjs';
import {runPackageTests} from './package_suite.mjs';
import {runVitest} from './vitest_suite.mjs';

const REFERENCE = 'reference';
const LONG = 'long';

/** All suites in their order; `only` ones run when asked for by name or group, never by default. */
export const suites = [
  {name: 'tools', run: () => runVitest('tools')},
  {name: 'native', native: true, built: true, run: () => runVitest('native')},
  {name: 'cpu', run: () => runVitest('cpu')},
  {name: 'wasm', run: () => runVitest('wasm')},
  {name: 'reference-native', group: REFERENCE, native: true, run: () => runVitest('reference-native')},
  {
    name: 'reference-native-tuned',
    group: REFERENCE,
    native: true,
    run: () => runVitest('reference-native-tuned'),
  },
  {name: 'reference-cpu', group: REFERENCE, run: () => runVitest('reference-cpu')},
  {name: 'reference-wasm', group: REFERENCE, run: () => runVitest('reference-wasm')},
  {name: 'browser', built: true, run: runKarma},
  {name: 'package', built: true, run: runPackageTests},
  {name: 'long', group: LONG, only: true, native: true, built: true, run: () => runVitest('long')},
  {name: 'long-wasm', group: LONG, only: true, run: () => runVitest('long-wasm')},
];

/** The suites of these names or groups; all but the `only` ones for an empty list. */
export function chooseSuites(names) {
  const known = new Set(suites.flatMap(suite => [suite.name, suite.group ?? suite.name]));
  for (const name of names) {
    if (!known.has(name))
      throw new RangeError(`unknown suite ${name}; known suites: ${[...known].join(', ')}`);
  }
  if (names.length === 0) return suites.filter(suite => !suite.only);
  return suites.filter(suite => names.includes(suite.name) || names.includes(suite.group));
}

/** Runs one suite, or says why it cannot run here. */
export async function runSuite(suite) {
  if (suite.native) {
    // Asked again here: the set-up may have failed, or the variable may point elsewhere.
    const found = await probe('@tensorflow/tfjs-node');
    if (found.state !== 'works') return skipped(`@tensorflow/tfjs-node does not work (${found.reason})`);
  }
  return suite.run();
}
