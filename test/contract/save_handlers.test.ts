import {createServer, type IncomingMessage, type Server} from 'node:http';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {constraints, loadLayersModel, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {LargeMarginModel} from '../../plugin/index.js';
import {expectClose, worstError} from '../support/expect_close.js';
import {memoryStore} from '../support/memory_store.js';
import {randomTensor} from '../support/randoms.js';
import {dense, denseNet, labelsOf, seeded, weightsOf} from '../support/tiny_models.js';
import {savedCases} from './save_handlers/cases.js';
import {numbersIn, roundTrip, type Handler} from './save_handlers/round_trip.js';

let folder: string;
let server: Server;
let requests: string[];
const files = new Map<string, Buffer>();

/** Keeps the parts of a posted form under its address, and gives them out again. */
async function answer(request: IncomingMessage): Promise<Buffer | undefined> {
  const {method, url, headers} = request;
  requests.push(`${method} ${url}`);
  if (method !== 'POST') return files.get(url!);
  const body: Buffer[] = [];
  for await (const part of request) body.push(part as Buffer);
  const type = {'content-type': headers['content-type']!};
  const form = await new Response(Buffer.concat(body), {headers: type}).formData();
  for (const [name, value] of form) {
    files.set(`${url}/${name}`, Buffer.from(await (value as Blob).arrayBuffer()));
  }
  return Buffer.from('{}');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'large-margin-save-'));
  requests = [];
  server = createServer((request, response) => {
    void answer(request).then(body => response.writeHead(body ? 200 : 404).end(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  rmSync(folder, {recursive: true});
  await new Promise(resolve => server.close(resolve));
});

const addressOf = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

const handlers: Record<string, Handler> = {
  'file://': async (model, config) => {
    await model.save(`file://${folder}/files`, config);
    return loadLayersModel(`file://${folder}/files/model.json`);
  },
  'memory, as objects': async (model, config) => {
    let artifacts: tf.io.ModelArtifacts | undefined;
    const handler = tf.io.withSaveHandler(async saved => {
      artifacts = saved;
      return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
    });
    await model.save(handler, config);
    return loadLayersModel(tf.io.fromMemory(artifacts!));
  },
  'memory, as text': async (model, config) => {
    const store = memoryStore();
    await model.save(store, config);
    return loadLayersModel(store);
  },
  'http://': async (model, config) => {
    await model.save(addressOf('by_address'), config);
    return loadLayersModel(addressOf('by_address/model.json'));
  },
  'tf.io.http with a weight prefix': async (model, config) => {
    await model.save(tf.io.http(addressOf('by_handler'), {requestInit: {method: 'POST'}}), config);
    const weightPathPrefix = addressOf('by_handler/');
    return loadLayersModel(tf.io.browserHTTPRequest(addressOf('by_handler/model.json'), {weightPathPrefix}));
  },
};

describe.each(Object.entries(handlers))('a LargeMarginModel saved and loaded by %s', (name, handler) => {
  it.each(savedCases)('is the same and goes on the same: $name', async saved => {
    expect(tf.getBackend()).toBe('tensorflow');
    requests.length = 0;
    const {before, after} = await roundTrip(saved, handler);
    expect(numbersIn(before).every(Number.isFinite)).toBe(true);
    expect(after).toEqual(before);
    if (name.includes('http'))
      expect(requests.map(line => line.split(' ')[0])).toEqual(['POST', 'GET', 'GET']);
  });
});

describe('what is compared', () => {
  it('tells another option, another number and another next step apart', async () => {
    const store = memoryStore();
    const alter: Handler = async (model, config) => {
      await model.save(store, config);
      const artifacts = await store.load!();
      const text = JSON.stringify(artifacts.modelTopology).replace('"top_k":2', '"top_k":1');
      const weightData = new Float32Array((artifacts.weightData as ArrayBuffer).slice(0));
      // The last number is of the optimizer: nothing but the next step depends on it.
      weightData[weightData.length - 1] += 1;
      return loadLayersModel(
        tf.io.fromMemory({
          ...artifacts,
          modelTopology: JSON.parse(text) as object,
          weightData: weightData.buffer,
        }),
      );
    };
    const {before, after} = await roundTrip(savedCases[0], alter);
    expect(after.options).not.toBe(before.options);
    expect(after.config).not.toBe(before.config);
    expect(after.predictions).toEqual(before.predictions);
    expect(after.step).not.toEqual(before.step);
    expect(after.slots).not.toEqual(before.slots);
  });

  it('is on disk as well: the file holds the options as the model was given them', async () => {
    await handlers['file://'](savedCases[0].model(), {});
    const text = readFileSync(join(folder, 'files/model.json'), 'utf8');
    for (const name of [
      'Block_A/Act_1',
      'conv2D/Branch_1:0',
      'UPPER',
      'Class_Scores/Out_1',
      'Größe_层/Net_1',
    ]) {
      expect(text).toContain(JSON.stringify(name));
    }
  });
});

describe('what tfjs itself loses in saving', () => {
  const x = randomTensor<tf.Tensor2D>([6, 4], 1);
  const y = labelsOf([0, 1, 2, 2, 1, 0]);
  const inText: Handler = (model, config) => handlers['memory, as text'](model, config);
  const ours = (base: LayersModel) => new LargeMarginModel(base, {gamma: 1});
  const both = [
    ['a plain model', (base: LayersModel) => base],
    ['a LargeMarginModel', ours],
  ] as const;

  it.each(both)(
    'is at most the last bits of a step of Adam, whose powers it makes anew: %s',
    async (_, make) => {
      const model = make(denseNet());
      model.compile({optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy'});
      for (let step = 0; step < 20; step++) await model.trainOnBatch(x, y);
      const loaded = await inText(model, {includeOptimizer: true});
      for (const each of [model, loaded]) await each.trainOnBatch(x, y);
      expectClose(weightsOf(loaded).flat(), weightsOf(model).flat(), 1e-6);
    },
  );

  it.each(both)('are weights under a constraint, which is applied once more: %s', async (_, make) => {
    // At this rate the norm of each column goes half the way to 1 whenever a weight is written.
    const kernelConstraint = constraints.minMaxNorm({minValue: 1, maxValue: 1, rate: 0.5});
    const model = make(seeded(sequential({layers: [dense('unit', 3, {inputShape: [4], kernelConstraint})]})));
    const loaded = await inText(model, {});
    expect(worstError(weightsOf(loaded).flat(), weightsOf(model).flat())).toBeGreaterThan(1e-2);
  });

  it.each(both)('is that a nested model is frozen, but of a LargeMarginModel: %s', async (name, make) => {
    const inner = sequential({name: 'inner', layers: [dense('hidden', 5, {inputShape: [4]})]});
    inner.trainable = false;
    const around = [dense('first', 4, {inputShape: [4]}), dense('scores', 3, {activation: 'softmax'})];
    const model = make(sequential({layers: [around[0], inner, around[1]]}));
    const loaded = await inText(model, {});
    const left = name === 'a LargeMarginModel' ? 4 : 6;
    expect([model, loaded].map(each => each.trainableWeights.length)).toEqual([4, left]);
  });

  it.each(both)('is not that a layer is frozen: %s', async (_, make) => {
    const model = make(denseNet());
    model.getLayer('hidden1').trainable = false;
    const loaded = await inText(model, {});
    expect([model, loaded].map(each => each.trainableWeights.length)).toEqual([2, 2]);
  });
});
