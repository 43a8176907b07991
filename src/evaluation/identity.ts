import {getBackend} from '@tensorflow/tfjs-core';
import {check} from '../checks.js';
import {digest} from '../digest.js';
import type {Classifier} from '../types.js';
import type {PlannedAttack} from './attack_list.js';
import type {Identity} from './evaluation_state.js';
import type {ResolvedReport} from './report_options.js';
import type {Subject} from './subject.js';

/**
 * Says what an evaluation is of, so that its state is not taken for that of another: the net by its fingerprint, inputs
 * and labels by their hash, the rest in words. Attacks that have no name of this package count by the name they are given.
 */
export async function identityOf(
  {caller, x, labels}: Subject,
  {fingerprint, norm, bounds, epsilons, sigmas, seed, sources}: ResolvedReport,
  classifier: Classifier,
  attacks: PlannedAttack[],
  minimum: PlannedAttack[],
): Promise<Identity> {
  const shape = JSON.stringify(x.shape);
  const sourceTexts = Object.entries(sources).map(async ([name, source]) => [
    name,
    await fingerprintOf(caller, 'sources', source),
  ]);
  return {
    engine: getBackend(),
    model: fingerprint ?? (await fingerprintOf(caller, 'fingerprint', classifier)),
    sources: JSON.stringify(await Promise.all(sourceTexts)),
    x: await digest([shape, await x.data()]),
    labels: await digest([labels]),
    norm,
    bounds: JSON.stringify(bounds),
    epsilons: JSON.stringify(epsilons),
    sigmas: JSON.stringify(sigmas),
    seed: String(seed),
    attacks: inWords(caller, 'attacks', attacks),
    minimum: inWords(caller, 'minimum', minimum),
  };
}

async function fingerprintOf(caller: string, argument: string, {fingerprint}: Classifier): Promise<string> {
  const wayOut =
    'make the classifier with toClassifier(model), or give the function a `fingerprint` of its own';
  const has = typeof fingerprint === 'function';
  check(has, caller, argument, 'to be known for every net where there is a state', undefined, wayOut);
  const text = await fingerprint();
  check(typeof text === 'string' && text !== '', caller, argument, 'to be a text', text);
  return text;
}

function inWords(caller: string, argument: string, attacks: PlannedAttack[]): string {
  const list = attacks.map(({name, kind, options}) => ({name, kind, options}));
  return JSON.stringify(list, (key, value: unknown) => {
    const isObject = value !== null && typeof value === 'object';
    const isPlain = !isObject || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    const ok = isPlain && typeof value !== 'function';
    const wayOut = 'numbers, texts and lists can be';
    check(ok, caller, argument, 'to have options that a state can be bound to', key, wayOut);
    return typeof value === 'number' ? String(value) : value;
  });
}
