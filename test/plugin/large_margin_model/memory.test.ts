import {describe, expect, it} from 'vitest';
import {memoryModes, tensorsOver} from '../../support/memory_modes.js';

describe('the number of tensors stays flat over 100 training steps', () => {
  it.each(memoryModes)('%s', async (_, options, makeModel) => {
    const counts = await tensorsOver(100, makeModel(options));
    expect(counts).toHaveLength(100);
    expect(new Set(counts).size).toBe(1);
  });
});
