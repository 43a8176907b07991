// What all engines of a comparison start from: a description as JSON, and beside it tensors as float32.
import {Buffer} from 'node:buffer';
import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';

/**
 * Writes a case.
 *
 * @param described What else the description holds.
 * @param tensors [{name, values, shape}]
 */
export function writeCase(file, described, tensors) {
  const data = file.replace(/\.json$/, '.f32');
  const bytes = tensors.map(({values}) => Buffer.from(Float32Array.from(values).buffer));
  writeFileSync(data, Buffer.concat(bytes));
  const list = tensors.map(({name, shape}) => ({name, shape}));
  // The description last and at once: whoever finds it finds the data too.
  writeFileSync(`${file}.part`, JSON.stringify({...described, data: basename(data), tensors: list}));
  renameSync(`${file}.part`, file);
}

/** The description, and its tensors, in order, as those of `tf`. */
export function readCase(tf, file) {
  const {data, tensors, ...described} = JSON.parse(readFileSync(file, 'utf8'));
  const bytes = readFileSync(join(dirname(file), data));
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let offset = 0;
  const values = tensors.map(({shape}) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(numbers.slice(offset, (offset += size)), shape);
  });
  return {...described, tensors: values};
}
