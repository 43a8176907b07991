#!/usr/bin/env node
import {parseArgs} from 'node:util';
import {runMain, type MainArgs} from './run.js';

const USAGE = `Trains nets on the real MNIST with cross-entropy and with a large margin, and compares them.

npm start -- [options]
  --quick           fewer samples: the same questions in under 2 minutes (on wasm 4)
  --baselines       also train the strong baseline of the noisy labels (10 epochs; otherwise its stored result)
  --only QUESTION   noise or attacks
  --net NET         small (default) or paper (the paper's: 32 and 64 filters, 512 units)
  --batch-statistics HOW
                    constant or differentiated: what batch norm's statistics are to the margin, where the recipe of the
                    noisy labels says differentiated
  --seed N          same seed, same table (default 1)
  --out FOLDER      where models, metrics.jsonl, result.json, report.html, report.png go (default out/mnist)
  --backend NAME    tfjs-node-gpu, tfjs-node, wasm or cpu (default: the first that works;
                    wasm needs no compiler and takes longer)`;

function parse(): MainArgs | undefined {
  const {values} = parseArgs({
    options: {
      quick: {type: 'boolean', default: false},
      baselines: {type: 'boolean', default: false},
      only: {type: 'string'},
      net: {type: 'string', default: 'small'},
      'batch-statistics': {type: 'string'},
      seed: {type: 'string', default: '1'},
      out: {type: 'string', default: 'out/mnist'},
      backend: {type: 'string'},
      help: {type: 'boolean', default: false},
    },
  });
  if (values.help) return undefined;
  const {quick, baselines, out, backend} = values;
  const seed = Number(values.seed);
  const only = oneOf('--only', values.only, ['noise', 'attacks', undefined]);
  const net = oneOf('--net', values.net, ['small', 'paper']);
  if (!Number.isInteger(seed)) throw new Error(`--seed: expected an integer, got ${values.seed}`);
  const statistics = oneOf('--batch-statistics', values['batch-statistics'], [
    ...['constant', 'differentiated', undefined],
  ]) as MainArgs['batchStatistics'];
  const known = ['tfjs-node-gpu', 'tfjs-node', 'wasm', 'cpu', undefined];
  const prefer = oneOf('--backend', backend, known) as MainArgs['prefer'];
  return {
    ...{quick, baselines, seed, out, prefer, batchStatistics: statistics},
    ...{only: only as MainArgs['only'], kind: net as MainArgs['kind']},
  };
}

function oneOf(
  option: string,
  value: string | undefined,
  allowed: Array<string | undefined>,
): string | undefined {
  if (allowed.includes(value)) return value;
  throw new Error(`${option}: expected ${allowed.filter(Boolean).join(' or ')}, got ${value}`);
}

try {
  const args = parse();
  if (args) process.exitCode = await runMain(args);
  else console.log(USAGE);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error('(npm start -- --help lists the options)');
  process.exitCode = 1;
}
