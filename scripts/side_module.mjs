/**
 * `npm run side-module`: compiles `plugin/kernels/wasm/assembly` and writes it as TypeScript, which is what the package
 * imports. A test holds the two together.
 */
import {Buffer} from 'node:buffer';
import {readFileSync, writeFileSync} from 'node:fs';
import asc from 'assemblyscript/asc';
import {isMain} from './native/is_main.mjs';

const SOURCE = 'plugin/kernels/wasm/assembly/index.ts';
export const TARGET = 'plugin/kernels/wasm/side_module_code.ts';

const OPTIONS = [
  ...[
    '--optimizeLevel',
    '3',
    '--shrinkLevel',
    '0',
    '--noAssert',
    '--noExportMemory',
    '--converge',
    '--runtime',
    'stub',
  ],
  // The memory is the backend's: any number of pages up to the 4 GiB that tfjs allows itself.
  ...['--importMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--enable', 'simd'],
];

/** The text of the TypeScript file for the sources as they are. */
export async function sideModuleCode() {
  const [simd, relaxed] = [await compile([]), await compile(['--enable', 'relaxed-simd'])];
  return `// Made by \`npm run side-module\` from assembly/; not to be edited.

/** A wasm file, and where in it one byte says whether the memory that it imports is shared between threads. */
export interface ModuleCode {
  /** Two hexadecimal digits a byte: compressed, the two files are shorter so than as base64, as they are much alike. */
  hex: string;
  sharedFlagAt: number;
}

export const SIMD: ModuleCode = ${literal(simd)};

export const RELAXED_SIMD: ModuleCode = ${literal(relaxed)};
`;
}

async function compile(features) {
  let binary;
  const writeFile = (name, contents) => {
    if (name === 'side.wasm') binary = contents;
  };
  const {error, stderr} = await asc.main([SOURCE, '--outFile', 'side.wasm', ...OPTIONS, ...features], {
    writeFile,
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return Buffer.from(binary);
}

function literal(binary) {
  return `{\n  hex: '${binary.toString('hex')}',\n  sharedFlagAt: ${sharedFlagAt(binary)},\n}`;
}

/** The import of `env.memory` is its names, the kind 2, then the flags of its limits: 1, as there is a maximum. */
function sharedFlagAt(binary) {
  const name = Buffer.from('\x03env\x06memory\x02\x01', 'latin1');
  const at = binary.indexOf(name);
  if (at < 0) throw new Error('the module does not import env.memory with a maximum');
  return at + name.length - 1;
}

if (isMain(import.meta.url)) {
  const code = await sideModuleCode();
  const isNew = readFileSync(TARGET, {encoding: 'utf8', flag: 'a+'}) !== code;
  if (isNew) writeFileSync(TARGET, code);
  console.log(`[side-module] ${TARGET} ${isNew ? 'written' : 'is as its sources'}`);
}
