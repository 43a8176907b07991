import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import '../../plugin/kernels/wasm/index.js';
import {faultsOf, tryWithKernels} from './faults.js';

describe('the faults that the page says tfjs-large-margin/wasm puts right', () => {
  const faults = faultsOf(readFileSync('docs/tfjs_faults.md', 'utf8'), 'wasm');
  const mended = faults.filter(({words}) => words.includes('kernels'));

  it('are listed', () => expect(mended.length).toBeGreaterThan(3));

  it.each(mended)('$title', async fault => {
    expect(await tryWithKernels(fault)).toBe('');
  });
});
