import {join} from 'node:path';
import {expect, it} from 'vitest';
import {temporaryFolder} from '../support/temporary_folder.js';
import {readCase, writeCase} from './case_file.mjs';

it('reads what was written: the description and every tensor', () => {
  const file = join(temporaryFolder(), 'case.json');
  writeCase(file, {net: 'mlp', labels: [3, 1]}, [
    {name: 'x', values: [1, 2, 3, 0.1, -0, 6], shape: [2, 3]},
    {name: 'scalar', values: [7], shape: []},
  ]);
  const tensor = (values: Float32Array, shape: number[]) => ({values: [...values], shape});
  expect(readCase({tensor}, file)).toEqual({
    ...{net: 'mlp', labels: [3, 1]},
    tensors: [
      {values: [1, 2, 3, Math.fround(0.1), -0, 6], shape: [2, 3]},
      {values: [7], shape: []},
    ],
  });
});
