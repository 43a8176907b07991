import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {readSource, sourceFiles, violations} from './support/import_rules.js';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const files = sourceFiles(root, ['src', 'plugin', 'demos']);
const texts = new Map(files.map(file => [file, readSource(root, file)]));
const without = (pattern: RegExp) => [...texts].filter(([file]) => !pattern.test(file));

describe('the architecture', () => {
  it('has files in every room', () => {
    expect(files.length).toBeGreaterThan(40);
  });

  it('lets each room import what its README says and nothing else', () => {
    expect(files.flatMap(file => violations(file, texts.get(file)!))).toEqual([]);
  });

  it('would notice a wrong import, a type import and a re-export among them', () => {
    const planted = (text: string) => violations('src/scores/planted.ts', text);
    expect(planted("import {sub} from '@tensorflow/tfjs-core';")).toEqual([]);
    const message = 'src/scores/planted.ts may not import src/distance/live_tape.ts';
    expect(planted("import {liveTape} from '../distance/live_tape.js';")).toEqual([message]);
    expect(planted("import type {TapeNode} from '../distance/live_tape.js';")).toEqual([message]);
    expect(planted("export {liveTape} from '../distance/live_tape.js';")).toEqual([message]);
    expect(planted("const tape = await import('../distance/live_tape.js');")).toEqual([message]);
    expect(violations('src/new_room/file.ts', '')).toEqual([
      'src/new_room/file.ts is in no room of the import table',
    ]);
  });

  it('writes to registries in the files made for it only', () => {
    const registers = /\bregister(Class|Kernel|Gradient|Backend)\(/;
    const allowed = /^plugin\/(register|gradients\/index|kernels\/(stand_in|\w+\/index))\.ts$/;
    expect(
      without(allowed)
        .filter(([, text]) => registers.test(text))
        .map(([file]) => file),
    ).toEqual([]);
  });

  it('names tf.engine() in the room of the tape, in gradients and in kernels only', () => {
    const allowed = /^(src\/distance|plugin\/(gradients|kernels))\/.+\.ts$/;
    expect(
      without(allowed)
        .filter(([, text]) => /\bengine\(\)/.test(withoutComments(text)))
        .map(([file]) => file),
    ).toEqual([]);
  });

  it('keeps DOM and Node out of src', () => {
    const globals = /\b(document|window|process|require|Buffer)\b[.(]/;
    const guilty = [...texts].filter(
      ([file, text]) => file.startsWith('src/') && globals.test(withoutComments(text)),
    );
    expect(guilty.map(([file]) => file)).toEqual([]);
  });

  it('keeps files short: at most 300 lines', () => {
    expect([...texts].filter(([, text]) => text.split('\n').length > 301).map(([file]) => file)).toEqual([]);
  });

  it('tests every file of src and plugin at the same path', () => {
    // Without code of their own: types, lists, what a program wrote; and the side module, tested through its kernels.
    const plain =
      /(^src\/types|\/index|\/native_kernel|\/wasm_kernel|\/optimizer_fields|\/conv_samples|\/side_module_code|\/assembly\/\w+)\.ts$/;
    const mirrors = (file: string) =>
      ['.test.ts', '.cpu.test.ts', '.wasm.test.ts'].map(end =>
        join(root, 'test', file.replace(/\.ts$/, end)),
      );
    const missing = files.filter(
      file => /^(src|plugin)\//.test(file) && !plain.test(file) && !mirrors(file).some(existsSync),
    );
    expect(missing).toEqual([]);
  });

  it('describes every room in a README of at most 30 lines', () => {
    const rooms = [
      'src',
      'src/scores',
      'src/distance',
      'src/loss',
      'plugin',
      'plugin/gradients',
      'plugin/node',
      'plugin/node/checkpoints',
      'plugin/optimizer',
      'plugin/callbacks',
      'plugin/training',
      'plugin/kernels/node',
      'plugin/kernels/wasm',
      'demos',
      'demos/experiments',
    ];
    for (const room of [...rooms, 'docs', 'scripts', 'test']) {
      const readme = readSource(root, `${room}/README.md`);
      expect(readme.trimEnd().split('\n').length, room).toBeLessThanOrEqual(30);
    }
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}
