import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import * as library from '../../../src/index.js';
import {breaches} from './breaches.js';
import {nets} from './nets.js';
import {rows} from './table.js';

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

  it('has a row for every attack of the library', () => {
    const isAttack = (value: unknown) => typeof value === 'function' && 'takesSeed' in value;
    const attacks = Object.entries(library).filter(([, value]) => isAttack(value));
    expect(attacks.length).toBeGreaterThanOrEqual(8);
    const known: unknown[] = rows.map(({attack}) => attack);
    expect(attacks.filter(([, attack]) => !known.includes(attack)).map(([name]) => name)).toEqual([]);
  });
}
