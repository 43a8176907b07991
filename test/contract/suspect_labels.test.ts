import * as tf from '@tensorflow/tfjs-core';
import {afterAll, expect, it} from 'vitest';
import {noisyDigits, precisions, trainNoisy} from './suspect_labels/experiment.js';

const data = noisyDigits(2000, 0.1, 0);
afterAll(() => tf.dispose([data.x, data.labels]));

// The whole table is made by suspect_labels.long.ts.
it('finds most of the flipped labels among 2,000 digits, by margins and by losses', async () => {
  const rankings = ['input l2', 'gap of logits', 'cross-entropy (control)'];
  await trainNoisy('large margin', data, [6], 1, async net => {
    const found = await precisions(net, data, rankings);
    console.log(JSON.stringify(found));
    // A random ranking catches one in ten.
    for (const name of rankings) expect(found[name], name).toBeGreaterThan(0.7);
  });
});
