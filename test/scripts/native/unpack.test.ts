import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {findPython} from '../../../scripts/native/machine.mjs';
import {gpuRecipe, recipe} from '../../../scripts/native/recipe.mjs';
import {unpackWheels} from '../../../scripts/native/unpack.mjs';

let staging: string;
beforeEach(() => (staging = mkdtempSync(join(tmpdir(), 'large-margin-unpack-'))));
afterEach(() => rmSync(staging, {recursive: true, force: true}));

const LIBRARIES = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'];
const HEADER = 'tensorflow/include/tensorflow/c/c_api.h';

async function unpack(contents: string[][], gpu = false) {
  const python = (await findPython())!.command;
  const make =
    'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], "w")\nfor n in sys.argv[2:]: z.writestr(n, n)';
  const wheels = contents.map((names, i) => {
    const file = join(staging, `wheel${i}.whl`);
    expect(spawnSync(python, ['-c', make, file, ...names]).status).toBe(0);
    return file;
  });
  const report = {stage: (_: string, run: () => Promise<unknown>) => run()};
  const small = {...(gpu ? gpuRecipe : recipe), unpackedBytes: 1000};
  await unpackWheels({wheels, recipe: small, staging, python, report});
}

describe('unpackWheels', () => {
  it('puts libraries, their plain names and headers where the addon is built, and leaves the rest', async () => {
    await unpack([[...LIBRARIES, HEADER, 'tensorflow/python/other.py', 'tensorflow/include/keras/no.h']]);
    expect(readFileSync(join(staging, 'deps/lib/libtensorflow_cc.so.2'), 'utf8')).toBe(LIBRARIES[0]);
    expect(readlinkSync(join(staging, 'deps/lib/libtensorflow.so'))).toBe('libtensorflow_cc.so.2');
    expect(existsSync(join(staging, 'deps/include/tensorflow/c/c_api.h'))).toBe(true);
    expect(existsSync(join(staging, 'deps/include/keras'))).toBe(false);
    expect(existsSync(join(staging, 'wheel'))).toBe(false);
  });

  it("puts CUDA's libraries and its assembler where TensorFlow's libraries look for them", async () => {
    const cudnn = [
      'nvidia/cudnn/lib/libcudnn.so.8',
      'nvidia/cudnn/include/cudnn.h',
      'nvidia_cudnn_cu12.dist-info/RECORD',
    ];
    await unpack([[...LIBRARIES, HEADER], cudnn, ['nvidia/cuda_nvcc/bin/ptxas', 'nvidia/__init__.py']], true);
    // Beside deps/lib: $ORIGIN/../nvidia/cudnn/lib is in the libraries' own search path.
    expect(existsSync(join(staging, 'deps/nvidia/cudnn/lib/libcudnn.so.8'))).toBe(true);
    expect(existsSync(join(staging, 'deps/nvidia/cuda_nvcc/bin/ptxas'))).toBe(true);
    expect(existsSync(join(staging, 'deps/nvidia/cudnn/include'))).toBe(false);
    expect(existsSync(join(staging, 'deps/nvidia_cudnn_cu12.dist-info'))).toBe(false);
  });

  it('names the wheel that is broken', async () => {
    const python = (await findPython())!.command;
    const report = {stage: (_: string, run: () => Promise<unknown>) => run()};
    const small = {...recipe, unpackedBytes: 1000};
    const missing = unpackWheels({wheels: ['/no/such.whl'], recipe: small, staging, python, report});
    await expect(missing).rejects.toThrow('Unpacking such.whl failed');
  });
});
