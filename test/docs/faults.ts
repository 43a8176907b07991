import * as tf from '@tensorflow/tfjs-core';
import {mendTape} from '../../src/distance/mended_nodes.js';
import {secondOrder} from '../../src/distance/second_order.js';
import '../../plugin/gradients/index.js';

/** A block of docs/tfjs_faults.md with the words behind its `js`: engines, and what it shows. */
export interface Fault {
  title: string;
  words: string[];
  code: string;
}

/** What a block defines. */
interface Names {
  f?: (x: tf.Tensor) => tf.Tensor;
  x?: tf.Tensor;
  got?: tf.Tensor;
  expected?: number[];
}

/** The blocks of the page that are about an engine. */
export function faultsOf(page: string, engine: string): Fault[] {
  const sections = page.split(/^### /m).slice(1);
  return sections.flatMap(section => {
    const title = section.split('\n')[0];
    const blocks = [...section.matchAll(/^```js (.*)\n([\s\S]*?)^```/gm)];
    return blocks
      .map(([, words, code]) => ({title, words: words.split(' '), code}))
      .filter(({words}) => words.includes(engine));
  });
}

/** Runs a block as stock tfjs does, then as this package has it; an empty text where both are what the page says. */
export async function tryFault(fault: Fault): Promise<string> {
  const is = (word: string) => fault.words.includes(word);
  if (is('runs')) return run(fault.code).then(() => '');
  if (is('throws')) return tryThrowing(fault, is('mended'), is('registered'));
  const {f, x, got, expected} = await run(fault.code);
  if (isClose(got!, expected!)) return 'tfjs has it right';
  if (is('mended')) return isClose(mended(f!)(x!), expected!) ? '' : 'it is not mended';
  if (is('second-order'))
    return isClose(tf.grad(secondOrder(f!))(x!), expected!) ? '' : 'secondOrder is wrong';
  if (is('refused')) return refusal(() => secondOrder(f!)(x!));
  return is('value') ? '' : `nothing is known to be done: ${fault.words.join(' ')}`;
}

/** Runs a block where somebody has put right kernels in place; an empty text where it needs no more than these. */
export async function tryWithKernels({code, words}: Fault): Promise<string> {
  const {f, x, got, expected} = await run(code);
  if (!isClose(got ?? tf.grad(f!)(x!), expected!)) return 'the kernels have it wrong';
  if (!words.includes('mended')) return '';
  return isClose(mended(f!)(x!), expected!) ? '' : 'mending makes it wrong';
}

async function tryThrowing({code}: Fault, isMended: boolean, isRegistered: boolean): Promise<string> {
  const lines = code.trimEnd().split('\n');
  const last = lines.pop()!;
  const message = last.split('// ')[1];
  const kernel = message.split(' ').pop()!;
  const ours = isRegistered ? tf.getGradient(kernel) : undefined;
  if (ours) tf.unregisterGradient(kernel);
  const thrown = await run(code).then(
    () => 'nothing',
    error => String(error),
  );
  if (ours) tf.registerGradient(ours);
  if (!thrown.includes(message)) return `it throws ${thrown}`;
  if (isRegistered) await run(code);
  if (!isMended) return '';
  const {f, x, expected} = await run(lines.join('\n'));
  return isClose(mended(f!)(x!), expected!) ? '' : 'it is not mended';
}

const mended = (f: (x: tf.Tensor) => tf.Tensor) =>
  tf.grad(x => {
    const y = f(x);
    mendTape();
    return y;
  });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return /the operation \w+/.test(String(error)) ? '' : `it throws ${String(error)}`;
  }
  return 'it is not refused';
}

async function run(code: string): Promise<Names> {
  const names = ['f', 'x', 'got', 'expected'].filter(name => code.includes(`const ${name} =`));
  const AsyncFunction = run.constructor as new (...args: string[]) => (tf: unknown) => Promise<Names>;
  return new AsyncFunction('tf', `${code}\nreturn {${names.join()}};`)(tf);
}

function isClose(got: tf.Tensor, expected: number[]): boolean {
  const values = got.dataSync();
  return (
    values.length === expected.length &&
    expected.every((e, i) => Math.abs(values[i] - e) <= 1e-4 * Math.abs(e) + 1e-5)
  );
}
