// Runs the kernels that cases.json of a folder lists, and leaves their results there.
import {Buffer} from 'node:buffer';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs-node';

const folder = process.argv[2];
const {buffer} = Uint8Array.from(readFileSync(join(folder, 'inputs.bin')));
const all = [];
const listed = [];
let start = 0;
for (const {kernel, attrs, inputs} of JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'))) {
  const tensors = inputs.map(({name, shape, start: from, length}) => [
    name,
    tf.tensor(new Float32Array(buffer, 4 * from, length), shape),
  ]);
  const result = tf.engine().runKernel(kernel, Object.fromEntries(tensors), attrs);
  const values = result.dataSync();
  tf.dispose([tensors.map(([, tensor]) => tensor), result]);
  all.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  listed.push({shape: result.shape, start, length: values.length});
  start += values.length;
}
writeFileSync(join(folder, 'results.bin'), Buffer.concat(all));
writeFileSync(join(folder, 'results.json'), JSON.stringify(listed));
