import {readFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {rollup} from 'rollup';
import ts from 'typescript';

// What a page has as globals: tfjs by its script, the package by our bundle.
const GLOBALS = {
  '@tensorflow/tfjs-core': 'tf',
  '@tensorflow/tfjs-backend-wasm': 'tf.wasm',
  '@tensorflow/tfjs-layers': 'tf',
  [resolve('plugin/index.ts')]: 'largeMargin',
};

const typescript = {
  name: 'typescript',
  resolveId: (source, importer) =>
    source.startsWith('.') && importer ? resolve(dirname(importer), source.replace(/\.js$/, '.ts')) : null,
  load(id) {
    const text = readFileSync(id, 'utf8');
    if (id.endsWith('.json')) return `export default ${text}`;
    const {ESNext, ES2022} = {...ts.ModuleKind, ...ts.ScriptTarget};
    return ts.transpileModule(text, {compilerOptions: {module: ESNext, target: ES2022}}).outputText;
  },
};

/** One script out of a spec in TypeScript and what it shares with the tests of the other engines. */
export async function bundleSpec(file) {
  const bundle = await rollup({input: file, external: Object.keys(GLOBALS), plugins: [typescript]});
  const {output} = await bundle.generate({format: 'iife', name: 'spec', globals: GLOBALS});
  return output[0].code;
}
