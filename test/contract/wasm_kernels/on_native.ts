import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const CHILD = fileURLToPath(new URL('native_child.mjs', import.meta.url));

export interface Values {
  shape: number[];
  values: Float32Array;
}

/** One call of a kernel. */
export interface KernelCase {
  kernel: string;
  inputs: Record<string, Values>;
  attrs: object;
}

/** What the native engine gives for these calls. It runs in a process of its own: the two engines do not share one. */
export function runOnNative(cases: KernelCase[]): Values[] {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-kernels-'));
  try {
    const all: Float32Array[] = [];
    let next = 0;
    const listed = cases.map(({kernel, inputs, attrs}) => ({
      kernel,
      attrs,
      inputs: Object.entries(inputs).map(([name, {shape, values}]) => {
        all.push(values);
        next += values.length;
        return {name, shape, start: next - values.length, length: values.length};
      }),
    }));
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(listed));
    writeFileSync(join(folder, 'inputs.bin'), Buffer.concat(all.map(values => Buffer.from(values.buffer))));
    execFileSync(process.execPath, [CHILD, folder], {env: {...process.env, TF_CPP_MIN_LOG_LEVEL: '3'}});
    const {buffer} = Uint8Array.from(readFileSync(join(folder, 'results.bin')));
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
    return results.map(({shape, start, length}: {shape: number[]; start: number; length: number}) => ({
      shape,
      values: new Float32Array(buffer, 4 * start, length),
    }));
  } finally {
    rmSync(folder, {recursive: true});
  }
}
