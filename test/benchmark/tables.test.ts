import {existsSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {allEngines} from './engines/index.mjs';
import {modes} from './modes.mjs';
import {allNets} from './nets/index.mjs';
import {allParts} from './parts/index.mjs';
import {part as gpu} from './parts/gpu.mjs';

interface Case {
  part: string;
  net: string;
  modes: Array<{name: string}>;
}

async function allCases(): Promise<Case[]> {
  const parts = Object.values(await allParts()) as Array<{name: string; cases: () => Case[]}>;
  return parts.flatMap(part => part.cases().map(one => ({...one, part: part.name})));
}

it('names in its parts only nets that there are, has an engine for each, and cross-entropy among the modes', async () => {
  const [parts, nets, engines] = [await allParts(), await allNets(), await allEngines()];
  expect(Object.keys(parts)).toEqual(['mnist', 'mlp', 'resnet', 'rivals', 'growth', 'gpu', 'wasm']);
  for (const name of engines.flatMap(engine => engine.parts)) expect(Object.keys(parts)).toContain(name);
  for (const one of await allCases()) {
    expect(Object.keys(nets)).toContain(one.net);
    expect(engines.filter(engine => engine.parts.includes(one.part)).length).toBeGreaterThan(0);
    expect(one.modes.filter(mode => mode === modes.ce)).toHaveLength(1);
    const names = one.modes.map(mode => mode.name);
    expect(new Set(names).size).toBe(names.length);
  }
});

it('plays on Python only nets that are lists of layers', async () => {
  const [nets, engines] = [await allNets(), await allEngines()];
  const python = engines.filter(engine => engine.python);
  expect(python.map(({name}) => name)).toEqual(['tensorflow-eager', 'tensorflow-function', 'jax-jit']);
  const cases = await allCases();
  const played = cases.filter(one => python.some(({parts}) => parts.includes(one.part)));
  expect(played.length).toBeGreaterThan(3);
  for (const one of played) {
    expect(nets[one.net].layers).toBeDefined();
  }
});

it('has the ResNet of the paper: 58 convolutions, 859,898 weights', async () => {
  await tf.setBackend('cpu');
  const net = (await allNets()).resnet.build(tf, {classes: 10, seed: 1});
  const layers = net.layers as tf.layers.Layer[];
  expect(layers.filter(layer => layer.getClassName() === 'Conv2D')).toHaveLength(58);
  expect(net.countParams()).toBe(859_898);
  net.dispose();
});

it('says where MobileNet is not there, and leaves it out of the part', async () => {
  const {wasm} = await allParts();
  const nets = wasm.cases().map(({net}: Case) => net);
  const isThere = (await allNets()).mobilenet.unavailable() === null;
  expect(nets.includes('mobilenet')).toBe(isThere);
  expect(wasm.notes()).toHaveLength(isThere ? 0 : 1);
});

it('says that the GPU is untested where there is none', () => {
  expect(gpu.unavailable('/no/such/device')).toMatch(/^no GPU: untested/);
  expect(existsSync('/dev/null') && gpu.unavailable('/dev/null')).toBeNull();
});
