// The page of browser_wasm.mjs: one engine, named in the address; it measures when the server says so.
/* global window */
import * as tf from '@tensorflow/tfjs-core';
import {getThreadsCount, setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {LargeMarginModel} from '../../plugin/index.js';
import {wasmKernelReport} from '../../plugin/kernels/wasm/index.js';
import {net} from './nets/mnist_cnn.mjs';
import {modes} from './modes.mjs';

const BATCH = 64;
const CLASSES = 10;
const LEARNING_RATE = 1e-4;
// webgl may have another one, see docs/tfjs_faults.md.
const EPSILON = 1e-7;
const cores = window.navigator.hardwareConcurrency;

const {engine, isSimd, isThreaded, hasOwnThreads} = JSON.parse(
  decodeURIComponent(window.location.search.slice(1)),
);

const jobs = {start, steps};
const models = {};
let batch;

/** Starts the backend and makes the first two steps of each mode. */
async function start() {
  const backend = engine === 'webgl' ? 'webgl' : 'wasm';
  if (backend === 'wasm') {
    setWasmPaths('/base/node_modules/@tensorflow/tfjs-backend-wasm/dist/');
    if (!isSimd) tf.env().set('WASM_HAS_SIMD_SUPPORT', false);
    // tfjs takes half of what the browser names, as two of them may share a core; here all are taken.
    if (isThreaded) Object.defineProperty(window.navigator, 'hardwareConcurrency', {value: 2 * cores});
    else tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  }
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error(`no ${backend} here`);
  if (isThreaded && !hasOwnThreads) window.Worker = null;
  batch = [
    tf.randomUniform([BATCH, ...net.inputShape], 0, 1, 'float32', 1),
    tf.cast(
      tf.oneHot(
        Array.from({length: BATCH}, (_, i) => i % CLASSES),
        CLASSES,
      ),
      'float32',
    ),
  ];
  const losses = {};
  for (const [name, mode] of [
    ['ce', null],
    ['margin', {...modes['all-k1'].margin}],
  ]) {
    const base = net.build(window.tf, {classes: CLASSES, seed: 1});
    models[name] = mode ? new LargeMarginModel(base, mode) : base;
    const loss = mode ? undefined : (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits);
    models[name].compile({optimizer: tf.train.rmsprop(LEARNING_RATE, 0.9, 0, EPSILON), loss});
    losses[name] = [await step(name), await step(name)];
  }
  // Workers start while nothing else happens.
  await new Promise(resolve => window.setTimeout(resolve, 500));
  const runsOn = backend === 'wasm' ? [...new Set(wasmKernelReport().map(row => row.runsOn))].join(', ') : '';
  const isShared = Boolean(tf.backend().wasm?.PThread);
  if (isShared !== Boolean(isThreaded)) throw new Error(`${engine}: tfjs took another build`);
  return {losses, runsOn, threads: isShared ? getThreadsCount() : 1};
}

async function steps({mode, count}) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = window.performance.now();
    await step(mode);
    times.push(window.performance.now() - began);
  }
  return times;
}

async function step(name) {
  return [await models[name].trainOnBatch(...batch)].flat()[0];
}

async function work(job, order) {
  try {
    return {value: await job(order)};
  } catch (error) {
    return {error: String(error?.stack ?? error)};
  }
}

async function main() {
  let answer = null;
  for (;;) {
    const body = JSON.stringify({engine, answer});
    const order = await (await window.fetch('/turn', {method: 'POST', body})).json();
    if (!order.job) return;
    answer = await work(jobs[order.job], order);
  }
}

main();
