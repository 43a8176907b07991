import * as tf from '@tensorflow/tfjs-core';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {LargeMarginModel} from '../../../plugin/index.js';
import {choiceOf} from '../../../plugin/kernels/wasm/choose_kernel.js';
import {conv2DBackpropInput} from '../../../plugin/kernels/wasm/Conv2DBackpropInput.js';
import {wasmKernelReport} from '../../../plugin/kernels/wasm/index.js';
import {GRID, tensorsOf} from '../../contract/wasm_kernels/grid.js';
import {filterSlope, inputSlope} from '../../support/conv_oracles.js';
import {randoms} from '../../support/randoms.js';
import {worstError} from '../../support/worst_error.js';

// tfjs has a wasm file for each: the page is isolated, so that by itself tfjs would take the threaded one.
const MODES = [
  {name: 'with SIMD', hasSimd: true, file: /wasm-simd\.wasm$/, runsOn: /simd$/},
  {name: "without SIMD in tfjs's build", hasSimd: false, file: /backend-wasm\.wasm$/, runsOn: /simd$/},
  {name: 'without SIMD in the engine', file: /backend-wasm\.wasm$/, runsOn: /^operations$/, isBare: true},
  {name: 'with threads', hasSimd: true, isThreaded: true, file: /threaded-simd\.wasm$/, runsOn: /simd$/},
];
const CONV = {x: [6, 14, 14, 16], filter: [5, 5, 16, 32], strides: [1, 1], pad: 'same'};
const factory = tf.findBackendFactory('wasm');
const cases = Object.values(GRID).flatMap(makeCases => makeCases());

describe('training on wasm in a page', () => {
  let losses;

  beforeAll(async () => {
    setWasmPaths('/base/node_modules/@tensorflow/tfjs-backend-wasm/dist/');
    await tf.setBackend('cpu');
    losses = await trainedLosses();
  });

  afterAll(async () => {
    await endWasm();
    await tf.setBackend('webgl');
    tf.registerBackend('wasm', factory, 2);
  });

  for (const mode of MODES) {
    describe(mode.name, () => {
      let backend, file, warnings;

      beforeAll(async () => {
        ({backend, file, warnings} = await startWasm(mode));
      });

      beforeEach(() => expect(tf.getBackend()).toBe('wasm'));

      it('runs on what it is to run on', () => {
        expect(file).toMatch(mode.file);
        for (const {name, runsOn, reason} of wasmKernelReport()) {
          // tfjs has threads for its own convolution.
          const expected = mode.isThreaded && name === 'Conv2D' ? /^tfjs$/ : mode.runsOn;
          expect(runsOn).withContext(`${name}: ${reason}`).toMatch(expected);
        }
        const line = window.jasmine.stringMatching(/operations, which is slower: this engine has no SIMD$/);
        expect(warnings).toEqual(mode.isBare ? [line] : []);
        expect(Boolean(backend.wasm.PThread)).toBe(Boolean(mode.isThreaded));
      });

      it(`computes ${cases.length} products, convolutions and pools as float64 does`, () => {
        expect(cases.length).toBeGreaterThan(300);
        const errors = cases.map(one =>
          tf.tidy(() => {
            const result = tf.engine().runKernel(one.kernel, tensorsOf(one), one.attrs);
            return worstError(result.dataSync(), one.expected);
          }),
        );
        expect(Math.max(...errors)).toBeLessThan(1e-5);
      });

      it('trains a convnet and a large-margin convnet as tfjs on cpu does, and leaves no tensor', async () => {
        const before = tf.memory().numTensors;
        const found = await trainedLosses();
        expect(tf.memory().numTensors).toBe(before);
        expect(found.length).toBe(losses.length);
        found.forEach((loss, i) => expect(Math.abs(loss - losses[i]) / losses[i]).toBeLessThan(1e-4));
        for (const start of [0, found.length / 2])
          expect(found[start + found.length / 2 - 1]).toBeLessThan(found[start]);
      });

      if (mode.isThreaded)
        it('shares its memory, and splits large jobs between threads', async () => {
          expect(window.crossOriginIsolated).toBeTrue();
          expect(backend.wasm.wasmMemory.buffer).toBeInstanceOf(window.SharedArrayBuffer);
          const {threads} = choiceOf(conv2DBackpropInput, backend).module;
          expect(threads.most).toBe(2);
          while (threads.count() < 2) await new Promise(resolve => window.setTimeout(resolve, 5));
          const parts = [];
          const {run} = threads;
          threads.run = (name, given) => {
            parts.push([name, given.length]);
            run(name, given);
          };
          expect(largeErrors().every(error => error < 1e-5)).toBeTrue();
          expect(parts).toEqual([
            ['gemm', 2],
            ['conv2DBackpropInput', 2],
          ]);
          await endWasm();
          expect(threads.count()).toBe(1);
          await startWasm(mode);
        });

      if (mode.isThreaded)
        it('goes on with one thread, and says so, where the page lets no worker of ours start', async () => {
          const {backend: fresh} = await startWasm(mode);
          const {Worker} = window;
          const {warn} = console;
          const said = [];
          try {
            window.Worker = function () {
              throw new Error('forbidden by policy');
            };
            console.warn = line => said.push(line);
            expect(largeErrors().every(error => error < 1e-5)).toBeTrue();
          } finally {
            window.Worker = Worker;
            console.warn = warn;
          }
          expect(choiceOf(conv2DBackpropInput, fresh).module.threads.count()).toBe(1);
          const line = window.jasmine.stringMatching(/on one thread, which is slower: forbidden by policy$/);
          expect(said).toEqual([line]);
        });
    });
  }
});

/** Starts the backend anew and tries its kernels out; says which wasm file was fetched, and the console's lines. */
async function startWasm({hasSimd, isThreaded, isBare}) {
  await endWasm();
  tf.registerBackend('wasm', factory, 2);
  tf.env().set('WASM_HAS_SIMD_SUPPORT', Boolean(hasSimd));
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', Boolean(isThreaded));
  const [files, warnings] = [[], []];
  const {fetch} = window;
  const {warn} = console;
  const {validate} = window.WebAssembly;
  // tfjs takes half of what the browser names, whatever the machine that runs this has.
  Object.defineProperty(window.navigator, 'hardwareConcurrency', {value: 4, configurable: true});
  try {
    window.fetch = (file, options) => (files.push(file), fetch(file, options));
    console.warn = line => warnings.push(line);
    if (isBare) window.WebAssembly.validate = () => false;
    await tf.setBackend('wasm');
    wasmKernelReport();
  } finally {
    delete window.navigator.hardwareConcurrency;
    window.fetch = fetch;
    console.warn = warn;
    window.WebAssembly.validate = validate;
  }
  return {backend: tf.findBackend('wasm'), file: files.at(-1), warnings};
}

/** tf.findBackend would start it. */
async function endWasm() {
  if (!tf.findBackendFactory('wasm')) return;
  await tf.setBackend('cpu');
  tf.removeBackend('wasm');
}

/** The losses of four steps of a net, then of the same net with margins. */
async function trainedLosses() {
  const x = tf.tensor(randoms(16 * 12 * 12 * 2, 5), [16, 12, 12, 2]);
  const classes = Array.from({length: 16}, (_, i) => i % 4);
  const y = tf.tidy(() => tf.cast(tf.oneHot(classes, 4), 'float32'));
  const found = [];
  for (const hasMargin of [false, true]) {
    const net = sequential({
      layers: [
        layers.conv2d({
          filters: 6,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          inputShape: [12, 12, 2],
        }),
        layers.maxPooling2d({poolSize: 2}),
        layers.depthwiseConv2d({kernelSize: 3, activation: 'relu'}),
        layers.conv2d({filters: 9, kernelSize: 3, strides: 2, activation: 'relu'}),
        layers.flatten(),
        layers.dense({units: 4, activation: 'softmax'}),
      ],
    });
    const weights = net.weights.map(({shape}, i) =>
      tf.tensor(
        randoms(tf.util.sizeFromShape(shape), 7 + i).map(value => value / 2),
        shape,
      ),
    );
    net.setWeights(weights);
    const model = hasMargin ? new LargeMarginModel(net, {gamma: 0.5}) : net;
    const optimizer = tf.train.sgd(0.05);
    model.compile({optimizer, loss: hasMargin ? undefined : 'categoricalCrossentropy'});
    for (let step = 0; step < 4; step++) found.push([await model.trainOnBatch(x, y)].flat()[0]);
    tf.dispose(weights);
    model.dispose();
    optimizer.dispose();
  }
  tf.dispose([x, y]);
  return found;
}

/** Errors of both slopes of a convolution that is large enough to be split. */
function largeErrors() {
  const [x, dy, filter] = [6 * 14 * 14 * 16, 6 * 14 * 14 * 32, 25 * 16 * 32].map((size, i) =>
    randoms(size, 1 + i),
  );
  const attrs = {strides: [1, 1], pad: 'same', dataFormat: 'NHWC'};
  return tf.tidy(() => {
    const [X, DY, FILTER] = [
      tf.tensor(x, CONV.x),
      tf.tensor(dy, [6, 14, 14, 32]),
      tf.tensor(filter, CONV.filter),
    ];
    const ofFilter = tf
      .engine()
      .runKernel('Conv2DBackpropFilter', {x: X, dy: DY}, {...attrs, filterShape: CONV.filter});
    const ofInput = tf
      .engine()
      .runKernel('Conv2DBackpropInput', {dy: DY, filter: FILTER}, {...attrs, inputShape: CONV.x});
    return [
      worstError(ofFilter.dataSync(), filterSlope(CONV, x, dy)),
      worstError(ofInput.dataSync(), inputSlope(CONV, dy, filter)),
    ];
  });
}
