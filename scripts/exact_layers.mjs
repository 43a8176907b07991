/** `npm run exact-layers`: compares layers in exact mode on every engine and writes docs/exact_layers.md anew. */
import {readFileSync, writeFileSync} from 'node:fs';
import {format, resolveConfig} from 'prettier';
import {ensureBuilt} from './build.mjs';
import {runKarma} from './testing/karma_suite.mjs';
import {runVitest} from './testing/vitest_suite.mjs';
import {show} from './testing/counts.mjs';

const PAGE = 'docs/exact_layers.md';
const LOSSES = 'test/contract/exact_layers/losses.json';
const RESULTS = {
  native: 'build/exact_layers/native.json',
  cpu: 'build/exact_layers/cpu.json',
  webgl: 'build/browser/exact_layers.json',
  wasm: 'build/exact_layers/wasm.json',
};

process.env.LARGE_MARGIN_UPDATE = '1';
const files = ['test/contract/exact_layers/'];
const read = engine => JSON.parse(readFileSync(RESULTS[engine], 'utf8'));

await ensureBuilt();
// The native engine first: the others are compared with its losses.
for (const engine of ['native', 'cpu', 'wasm']) {
  report(engine, await runVitest(engine, {files}));
  if (engine === 'native') await write(LOSSES, JSON.stringify(lossesOf(read('native'))));
}
report('webgl', await runKarma());
await write(PAGE, page());

function report(engine, result) {
  console.log(`[exact-layers] ${engine}: ${show(result)}`);
  if (result.failed > 0) process.exitCode = 1;
}

function lossesOf(outcomes) {
  const compared = Object.entries(outcomes).filter(([, {state}]) => state === 'compared');
  return Object.fromEntries(compared.map(([name, {loss}]) => [name, loss]));
}

function page() {
  const engines = Object.keys(RESULTS);
  const results = engines.map(read);
  const names = Object.keys(results[0]);
  const cell = ({state, error, why}) => (state === 'compared' ? error.toExponential(0) : `${state}: ${why}`);
  const row = cells => `| ${cells.join(' | ')} |`;
  const rows = names.map(name => row([name, ...results.map(result => cell(result[name]))]));
  const agreeing = results.map(result => names.filter(name => result[name].state === 'compared').length);
  const summary = engines.map((engine, i) => `${agreeing[i]} on ${engine}`).join(', ');
  return `# Layers in exact mode

Each row is a small net with that layer, a margin in l2 at its input and at its hidden layers, and a softmax at its end.
The gradient of the loss for all weights is compared with finite differences of the loss: the number is the largest
difference over the largest slope, along two directions in which every weight moves; above 1e-3 the test fails. Engines
must also agree on the loss (1e-4; webgl 1e-3), for finite differences do not see a margin that is wrong in itself.

Of ${names.length} nets agree: ${summary}. A net
that is refused throws an error with these names before any weight changes. Wasm has the kernels of
\`tfjs-large-margin/wasm\`. Wrong in silence: none.

${row(['layer', ...engines])}
${row(['layer', ...engines].map(() => '---'))}
${rows.join('\n')}

The page is made by \`npm run exact-layers\`; \`npm test\` compares every cell with what it finds. What tfjs 4.22 computes
without the plugin, and what is done about it: [tfjs_faults.md](tfjs_faults.md).
`;
}

async function write(file, text) {
  const options = await resolveConfig(file);
  writeFileSync(file, await format(text, {...options, filepath: file}));
}
