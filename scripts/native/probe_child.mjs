/** Run by probe.mjs: loads one engine, computes 1 + 2 with it, prints `PROBE {json}`. */
import {createRequire} from 'node:module';
import {join} from 'node:path';

const name = process.argv[2];
const require = createRequire(join(process.cwd(), 'package.json'));

async function load() {
  const tf = require(name);
  if (name.endsWith('-wasm')) {
    const core = require('@tensorflow/tfjs-core');
    if (!(await core.setBackend('wasm'))) throw new Error('the wasm backend did not start');
  } else if (name.endsWith('-cpu')) {
    require('@tensorflow/tfjs-core').setBackend('cpu');
  }
  return name.includes('backend') ? require('@tensorflow/tfjs-core') : tf;
}

let result;
try {
  const tf = await load();
  await tf.ready();
  // Any operation shows Node 23's missing function; this one also shows a library of the wrong kind.
  const [sum] = tf.add(tf.tensor1d([1]), tf.tensor1d([2])).dataSync();
  if (sum !== 3) throw new Error(`1 + 2 gave ${sum}`);
  const version = require(`${name}/package.json`).version;
  result = {
    state: 'works',
    version,
    backend: tf.getBackend(),
    library: tf.backend().binding?.TF_Version ?? null,
    // Without a GPU it computes on the CPU and says nothing.
    ...(name.endsWith('-gpu') && {gpu: tf.backend().isUsingGpuDevice === true}),
  };
} catch (error) {
  result = {state: 'broken', reason: String(error?.message ?? error).split('\n')[0]};
}
process.stdout.write(`\nPROBE ${JSON.stringify(result)}\n`);
process.exit(0);
