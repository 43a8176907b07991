import {existsSync, readFileSync} from 'node:fs';
import terser from '@rollup/plugin-terser';

const {name, version, license} = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

const banner = `/**
 * @license
 * ${name} ${version}
 * Licensed under ${license}, http://www.apache.org/licenses/LICENSE-2.0
 */`;

// In a page all of tfjs is the one global of its scripts.
const globals = {
  '@tensorflow/tfjs-core': 'tf',
  '@tensorflow/tfjs-layers': 'tf',
  '@tensorflow/tfjs-backend-wasm': 'tf.wasm',
};

// Lets the bundle's source map reach through tsc's maps to the TypeScript files.
const throughTypeScriptMaps = {
  name: 'through-typescript-maps',
  load(id) {
    const map = `${id}.map`;
    return existsSync(map) ? {code: readFileSync(id, 'utf8'), map: readFileSync(map, 'utf8')} : null;
  },
};

// A page has no threads of Node. What stands in for them has no source to show.
const withoutNodeThreads = {
  name: 'without-node-threads',
  load: id =>
    id.endsWith('/kernels/wasm/node_threads.js')
      ? {code: 'export const startNodeThreads = () => null;', map: {mappings: ''}}
      : null,
};

function bundle({input, file, name}) {
  const output = (end, plugins = []) => ({
    ...{file: `${file}.${end}`, format: 'umd', name, globals, banner, plugins},
    ...{sourcemap: true, exports: 'named'},
  });
  return {
    input,
    external: Object.keys(globals),
    plugins: [withoutNodeThreads, throughTypeScriptMaps],
    output: [output('js'), output('min.js', [terser({ecma: 2020, compress: {passes: 3}})])],
    // A page has no loader: an import that stays in the bundle is an error, not a warning.
    onLog(level, log, handle) {
      handle(level === 'warn' ? 'error' : level, log);
    },
  };
}

export default [
  bundle({input: 'dist/plugin/index.js', file: 'dist/large-margin.umd', name: 'largeMargin'}),
  bundle({
    input: 'dist/plugin/kernels/wasm/index.js',
    file: 'dist/large-margin-wasm.umd',
    name: 'largeMarginWasm',
  }),
];
