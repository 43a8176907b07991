import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import * as library from '../../../src/index.js';
import type {AttackResult} from '../../../src/index.js';
import {breaches} from './breaches.js';
import {nets} from './nets.js';
import {rows, type AnyAttack} from './table.js';

/** The tests of one engine: every attack in every norm that it takes, on every net. */
export function testAttacks(backend: string): void {
  describe.each(Object.keys(nets))(`attacks on ${backend} keep their contract, ${'%s'}`, kind => {
    const cases = rows.flatMap(row => row.norms.map(norm => [row.name, norm, row] as const));

    it.each(cases)('%s in %s', async (_, norm, row) => {
      expect(tf.getBackend()).toBe(backend);
      const before = tf.memory().numTensors;
      const net = nets[kind]();
      expect(await breaches(row, norm, net)).toEqual([]);
      net.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  describe(`the contract on ${backend} would notice an attack that`, () => {
    const spoil = (change: (results: AttackResult[]) => void): AnyAttack =>
      async function spoilt(...args) {
        const results = await (library.fgsm as AnyAttack)(...args);
        change(results);
        return results;
      };
    let calls = 0;
    const faults: Array<[string, (results: AttackResult[]) => void, string]> = [
      ['leaves the ball', ([first]) => replaceWith(first, x => tf.add(x, 1e-3)), 'stays in the ball'],
      ['leaves the bounds', ([first]) => replaceWith(first, x => tf.sub(x, 1e-6)), 'stays in the bounds'],
      ['claims success', ([, second]) => second.success.fill(true), 'calls success what the net says'],
      ['beats nobody', ([first]) => first.success.fill(false), 'lowers the accuracy'],
      ['keeps a tensor', () => void tf.keep(tf.zeros([1])), 'leaves nothing but its results'],
      [
        'differs from call to call',
        ([first]) => replaceWith(first, x => tf.mul(x, 1 - ++calls / 1e3)),
        'same seed',
      ],
      ['makes a net out to be broken', ([first]) => first.broken.fill(true), 'calls no sound net broken'],
      ['is wrong about the way', ([first]) => first.distance.fill(0), 'says how far it went'],
    ];

    it.each(faults)('%s', async (_, change, said) => {
      tf.engine().startScope();
      const net = nets['even sizes']();
      const row = {name: 'spoilt', attack: spoil(change), norms: [], options: {}};
      expect((await breaches(row, 'linf', net)).join('\n')).toContain(said);
      tf.engine().endScope();
    });

    it('does not hear the signal', async () => {
      const deaf: AnyAttack = (net, x, labels, options) =>
        (library.ifgsm as AnyAttack)(net, x, labels, {...options, signal: undefined} as never);
      const net = nets['even sizes']();
      const row = {name: 'deaf', attack: deaf, norms: [], options: {}};
      expect((await breaches(row, 'linf', net)).join('\n')).toContain('ends when it is aborted');
      net.dispose();
    });
  });

  it('has a row for every attack of the library', () => {
    const isAttack = (value: unknown) => typeof value === 'function' && 'takesSeed' in value;
    const attacks = Object.entries(library).filter(([, value]) => isAttack(value));
    expect(attacks.length).toBeGreaterThanOrEqual(8);
    const known: unknown[] = rows.map(({attack}) => attack);
    expect(attacks.filter(([, attack]) => !known.includes(attack)).map(([name]) => name)).toEqual([]);
  });
}

function replaceWith(result: AttackResult, f: (x: tf.Tensor) => tf.Tensor): void {
  const before = result.adversarial;
  result.adversarial = tf.tidy(() => f(before));
  before.dispose();
}
