import {readdirSync} from 'node:fs';

/** All nets by name: every file of this folder that exports a `net`. */
export async function allNets() {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter(name => name.endsWith('.mjs') && name !== 'index.mjs');
  const modules = await Promise.all(files.sort().map(name => import(new URL(name, folder))));
  return Object.fromEntries(modules.flatMap(({net}) => (net ? [[net.name, net]] : [])));
}

export async function findNet(name) {
  const net = (await allNets())[name];
  if (!net) throw new Error(`unknown net ${name}; known: ${Object.keys(await allNets()).join(', ')}`);
  return net;
}
