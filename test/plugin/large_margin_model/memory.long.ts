import {describe, expect, it} from 'vitest';
import {memoryModes, tensorsOver} from '../../support/memory_modes.js';

describe('the number of tensors stays flat over 1,000 training steps', () => {
  it.each(memoryModes)('%s', async (_, options, makeModel) => {
    const counts = await tensorsOver(1000, makeModel(options));
    expect(counts).toHaveLength(1000);
    expect(new Set(counts).size).toBe(1);
  });
});
