import * as tf from '@tensorflow/tfjs-core';
import {breaches} from '../../contract/attacks/breaches.js';
import {nets} from '../../contract/attacks/nets.js';
import {rows} from '../../contract/attacks/table.js';

describe('attacks on webgl keep their contract', () => {
  beforeAll(() => tf.setBackend('webgl'));
  beforeEach(() => expect(tf.getBackend()).toBe('webgl'));

  for (const [kind, make] of Object.entries(nets))
    for (const row of rows)
      for (const norm of row.norms)
        it(`${row.name} in ${norm}, ${kind}`, async () => {
          const net = make();
          expect(await breaches(row, norm, net)).toEqual([]);
          net.dispose();
        });
});
