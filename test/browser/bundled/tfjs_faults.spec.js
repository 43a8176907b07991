import * as tf from '@tensorflow/tfjs-core';
import {faultsOf, tryFault} from '../../docs/faults.js';

it('the faults of tfjs on webgl are those of the page, and what it says is done about them', async () => {
  await tf.setBackend('webgl');
  expect(tf.getBackend()).toBe('webgl');
  const faults = faultsOf(await (await fetch('/base/docs/tfjs_faults.md')).text(), 'webgl');
  expect(faults.length).toBeGreaterThan(7);
  for (const fault of faults) expect(`${fault.title}: ${await tryFault(fault)}`).toBe(`${fault.title}: `);
});
