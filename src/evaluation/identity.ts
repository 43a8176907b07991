import {getBackend, keep, slice, type Tensor} from '@tensorflow/tfjs-core';
import {readLogits} from '../attacks/logits.js';
import {check} from '../checks.js';
import {digest} from '../digest.js';
import type {Classifier} from '../types.js';
import type {PlannedAttack} from './attack_list.js';
import type {Identity} from './evaluation_state.js';
import {namedAttacks, namedMinimumAttacks, type ReportAttack} from './named_attacks.js';
import type {ResolvedReport} from './report_options.js';
import type {Subject} from './subject.js';

/** Grows when the same settings give other figures: those of two versions are not to be mixed. */
const VERSION = '2';

/**
 * Says what an evaluation is of, so that its state is not taken for that of another: the nets (`netsOf`), inputs and
 * labels by their hash, attacks of the caller by that of their source text, the rest in words.
 */
export async function identityOf(
  subject: Subject,
  options: ResolvedReport,
  attacks: PlannedAttack[],
  minimum: PlannedAttack[],
): Promise<Identity> {
  const {caller, x, labels} = subject;
  const {norm, bounds, epsilons, sigmas, seed} = options;
  const shape = JSON.stringify(x.shape);
  return {
    version: VERSION,
    engine: getBackend(),
    ...(await netsOf(subject, options)),
    x: await digest([shape, await x.data()]),
    labels: await digest([labels]),
    norm,
    bounds: JSON.stringify(bounds),
    epsilons: JSON.stringify(epsilons),
    sigmas: JSON.stringify(sigmas),
    seed: String(seed),
    attacks: await inWords(caller, 'attacks', attacks),
    minimum: await inWords(caller, 'minimum', minimum),
  };
}

/**
 * Says which nets there are: by their fingerprints, and by what they make of the first inputs, which tells apart what a
 * fingerprint may not know of, such as what is done to inputs before they get to the weights.
 */
export async function netsOf(
  {caller, classifier, x}: Subject,
  {fingerprint, sources}: ResolvedReport,
): Promise<Identity> {
  const texts: Array<[string, string]> = [];
  const outputs: string[] = [];
  const first = keep(slice(x, 0, Math.min(x.shape[0], EXAMPLES)));
  try {
    const model = fingerprint ?? (await fingerprintOf(caller, 'fingerprint', classifier));
    outputs.push(await outputsOf(caller, classifier, first));
    for (const [name, source] of Object.entries(sources)) {
      texts.push([name, await fingerprintOf(caller, 'sources', source)]);
      outputs.push(await outputsOf(caller, source, first));
    }
    return {model, sources: JSON.stringify(texts), outputs: await digest(outputs)};
  } finally {
    first.dispose();
  }
}

/** How many inputs nets are told apart by. */
const EXAMPLES = 8;

/** Logits to four digits of each row's largest; of a net that answers differently each time, that it does. */
async function outputsOf(caller: string, classifier: Classifier, x: Tensor): Promise<string> {
  const texts: string[] = [];
  for (let time = 0; time < 2; time++) {
    const {logits, classes} = await readLogits(caller, classifier, x);
    const rows = Array.from({length: x.shape[0]}, (_, i) => logits.subarray(i * classes, (i + 1) * classes));
    const shares = rows.map(row => {
      const scale = Math.max(...row.map(Math.abs));
      return [scale.toPrecision(4), ...Array.from(row, value => Math.round((1e4 * value) / scale))];
    });
    texts.push(shares.join(';'));
  }
  return texts[0] === texts[1] ? texts[0] : 'random';
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

async function inWords(caller: string, argument: string, attacks: PlannedAttack[]): Promise<string> {
  const list = [];
  for (const {name, kind, options, attack, isOwn} of attacks)
    list.push({name, kind, options, ...(isOwn && {code: await codeOf(attack)})});
  return JSON.stringify(list, (key, value: unknown) => {
    const isObject = value !== null && typeof value === 'object';
    const isPlain = !isObject || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    const ok = isPlain && typeof value !== 'function';
    const wayOut = 'numbers, texts and lists can be';
    check(ok, caller, argument, 'to have options that a state can be bound to', key, wayOut);
    return typeof value === 'number' ? String(value) : value;
  });
}

/** Which function it is: attacks of this package by their names, for they share their text, others by their text. */
function codeOf(attack: ReportAttack): string | Promise<string> {
  const known: Array<[string, {attack: ReportAttack}]> = [
    ...Object.entries(namedAttacks),
    ...Object.entries(namedMinimumAttacks),
  ];
  const isOurs = known.find(([, entry]) => entry.attack === attack);
  return isOurs?.[0] ?? digest([attack.name, String(attack)]);
}
