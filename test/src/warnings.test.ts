import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {resolveOptions} from '../../src/options.js';
import type {MarginOptions} from '../../src/types.js';
import {warnOfMasking} from '../../src/warnings.js';

const masking: MarginOptions = {gamma: 1, gradient: 'firstOrder', crossEntropyWeight: 0};

describe('warnOfMasking', () => {
  beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());
  const warnings = () => vi.mocked(console.warn).mock.calls.map(([message]) => String(message));
  const warn = (options: MarginOptions) => warnOfMasking('f', options, resolveOptions('f', options));

  it('warns by name of first-order logits without cross-entropy, and says what to do', () => {
    warn({...masking});
    expect(warnings()).toHaveLength(1);
    for (const part of ['f: ', "'firstOrder'", "'logits'", 'crossEntropyWeight 0', "gradient 'exact'"]) {
      expect(warnings()[0]).toContain(part);
    }
  });

  it('says it once for each options object', () => {
    const options = {...masking};
    warn(options);
    warn(options);
    expect(warnings()).toHaveLength(1);
    warn({...masking});
    expect(warnings()).toHaveLength(2);
  });

  it.each<Partial<MarginOptions>>([
    {gradient: 'exact'},
    {scores: 'probabilities'},
    {crossEntropyWeight: 0.1},
  ])('is silent with %j', change => {
    warn({...masking, ...change});
    expect(warnings()).toEqual([]);
  });
});
