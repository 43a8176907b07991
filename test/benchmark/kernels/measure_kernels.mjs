import {fileURLToPath} from 'node:url';
import {startWorker} from '../../../scripts/benchmark/ask_process.mjs';
import {rotated} from '../../../scripts/benchmark/schedule.mjs';
import {median} from '../../../scripts/benchmark/statistics.mjs';
import {nodeFlags} from '../engines/wasm.mjs';
import {kernelCases} from './kernel_cases.mjs';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
const VARIANTS = ['simd', 'relaxed-simd'];
const ROUNDS = 5;
const TURN_MS = 60;

const commandOf = variant => ({file: process.execPath, args: [...nodeFlags(variant), WORKER, variant]});

/**
 * Measures every kernel on both variants of our module, and tfjs's own of the same name, in turns.
 *
 * @returns a row a case, {group, title, kernel, gflops}, where `gflops` has, by variant, what ours and stock compute in
 *     10^9 operations a second
 * @throws Error where a worker fails, or our kernels do not run on the variant
 */
export async function measureKernels({rounds = ROUNDS, command = commandOf, cases = kernelCases} = {}) {
  const workers = [];
  try {
    for (const variant of VARIANTS) {
      const worker = startWorker(command(variant));
      workers.push({variant, worker});
      const {players} = await askOrThrow(worker, {ask: 'load'});
      workers.at(-1).players = players.map(player => ({...player, times: []}));
    }
    for (let round = 0; round < rounds; round++) {
      for (const {worker, players} of rotated(workers, round)) {
        const {times} = await askOrThrow(worker, {ask: 'turn', turnMs: TURN_MS});
        players.forEach((player, i) => player.times.push(...times[i]));
      }
    }
  } finally {
    await Promise.all(workers.map(({worker}) => worker.close()));
  }
  return cases.map(({group, title, kernel, flops}, index) => {
    const speeds = workers.map(({variant, players}) => {
      const own = players.filter(player => player.index === index);
      return [variant, Object.fromEntries(own.map(({whose, times}) => [whose, speed(flops, times)]))];
    });
    return {group, title, kernel, gflops: Object.fromEntries(speeds)};
  });
}

const speed = (flops, times) => flops / median(times) / 1e6;

async function askOrThrow(worker, question) {
  const answer = await worker.ask(question);
  if (answer.error) throw new Error(`kernels/worker.mjs: ${answer.error}`);
  return answer;
}
