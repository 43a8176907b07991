import {existsSync, readFileSync} from 'node:fs';
import terser from '@rollup/plugin-terser';

const {name, version, license} = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

const banner = `/**
 * @license
 * ${name} ${version}
 * Licensed under ${license}, http://www.apache.org/licenses/LICENSE-2.0
 */`;

// In a page both packages are the one global of the tfjs script.
const globals = {'@tensorflow/tfjs-core': 'tf', '@tensorflow/tfjs-layers': 'tf'};

// Lets the bundle's source map reach through tsc's maps to the TypeScript files.
const throughTypeScriptMaps = {
  name: 'through-typescript-maps',
  load(id) {
    const map = `${id}.map`;
    return existsSync(map) ? {code: readFileSync(id, 'utf8'), map: readFileSync(map, 'utf8')} : null;
  },
};

function umd(file, plugins = []) {
  return {
    file,
    format: 'umd',
    name: 'largeMargin',
    globals,
    banner,
    plugins,
    sourcemap: true,
    exports: 'named',
  };
}

export default {
  input: 'dist/plugin/index.js',
  external: Object.keys(globals),
  plugins: [throughTypeScriptMaps],
  output: [umd('dist/large-margin.umd.js'), umd('dist/large-margin.umd.min.js', [terser()])],
  // A page has no loader: an import that stays in the bundle is an error, not a warning.
  onLog(level, log, handle) {
    handle(level === 'warn' ? 'error' : level, log);
  },
};
