import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {
  convInfo,
  GEOMETRY_BYTES,
  makeFromPictures,
  writeGeometry,
} from '../../../../plugin/kernels/wasm/conv_geometry.js';
import type {SideModule} from '../../../../plugin/kernels/wasm/side_module.js';
import {memoryOf} from '../../../../plugin/kernels/wasm/wasm_backend.js';
import {restartWasm} from '../../../support/wasm_engine.js';
import {expectNothingHeld} from '../../../support/wasm_heap.js';

const source = fileURLToPath(new URL('../../../../plugin/kernels/wasm/assembly/patches.ts', import.meta.url));

describe('the geometry of a convolution', () => {
  // Every number differs: 2 x 11 x 12 x 3 pictures, 4 x 5 filters, strides 1 and 1, dilations 2 and 1.
  // Height: reach (4-1) 2 + 1 = 7, 11 + 7 + 8 - 7 + 1 = 20 places. Width: reach 5, 12 + 9 + 13 - 5 + 1 = 30 places.
  const info = convInfo('Kernel', [2, 11, 12, 3], [4, 5, 3, 6], {
    strides: [1, 1],
    dilations: [2, 1],
    pad: [
      [0, 0],
      [7, 8],
      [9, 13],
      [0, 0],
    ],
  });
  const expected = {
    ...{inHeight: 11, inWidth: 12, channels: 3, outHeight: 20, outWidth: 30, filterHeight: 4, filterWidth: 5},
    ...{strideHeight: 1, strideWidth: 1, dilationHeight: 2, dilationWidth: 1, padTop: 7, padLeft: 9},
  };

  it('lies in memory in the order in which the module reads it', () => {
    const fields = [...readFileSync(source, 'utf8').matchAll(/^ {2}(\w+): i32;$/gm)].map(match => match[1]);
    const memory = new WebAssembly.Memory({initial: 1});
    writeGeometry(memory, 128, info);
    const numbers = new Int32Array(memory.buffer, 128, fields.length);
    expect(Object.fromEntries(fields.map((field, i) => [field, numbers[i]]))).toEqual(expected);
  });

  it('stays inside of its room', () => {
    const memory = new WebAssembly.Memory({initial: 1});
    new Uint8Array(memory.buffer).fill(255);
    writeGeometry(memory, 128, info);
    const bytes = new Uint8Array(memory.buffer);
    expect(bytes.subarray(0, 128).every(byte => byte === 255)).toBe(true);
    expect(bytes.subarray(128 + GEOMETRY_BYTES, 1024).every(byte => byte === 255)).toBe(true);
  });

  it('lies before the scratch memory of what is made by it, which is taken back', async () => {
    const backend = await restartWasm();
    const memory = memoryOf(backend)!;
    const making = {kernelName: 'Kernel', shape: [2], scratchBytes: 4};
    const fill = (output: number, geometry: number, scratch: number) => {
      expect(scratch).toBe(geometry + GEOMETRY_BYTES);
      const [height, width] = new Int32Array(memory.buffer, geometry, 2);
      new Float32Array(memory.buffer, scratch, 1).fill(7);
      new Float32Array(memory.buffer, output, 2).set([height, width]);
    };
    expectNothingHeld(backend, () => {
      const {dataId} = makeFromPictures({backend}, {memory} as SideModule, info, making, fill);
      expect(Array.from(backend.readSync(dataId) as Float32Array)).toEqual([11, 12]);
      backend.disposeData(dataId);
    });
  });

  it('takes no dilation for 1, and pictures as NHWC only', () => {
    const {dilationHeight, padInfo} = convInfo('Kernel', [1, 5, 5, 1], [3, 3, 1, 1], {
      strides: 2,
      pad: 'same',
    });
    // (ceil(5 / 2) - 1) 2 + 3 - 5 = 2 in all.
    expect({dilationHeight, top: padInfo.top}).toEqual({dilationHeight: 1, top: 1});
    const attrs = {strides: 1, pad: 'same' as const, dataFormat: 'NCHW'};
    expect(() => convInfo('Kernel', [1, 5, 5, 1], [3, 3, 1, 1], attrs)).toThrow(
      'Kernel: expected dataFormat to be NHWC on wasm, got NCHW',
    );
  });
});
