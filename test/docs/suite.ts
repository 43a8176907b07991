import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {faultsOf, tryFault} from './faults.js';

/** Every block of docs/tfjs_faults.md about this engine, as it says. */
export function testFaults(engine: string): void {
  describe(`the faults of tfjs on ${engine} are those of the page, and what it says is done about them`, () => {
    const faults = faultsOf(readFileSync('docs/tfjs_faults.md', 'utf8'), engine);

    it('are listed', () => expect(faults.length).toBeGreaterThan(7));

    it.each(faults)('$title', async fault => {
      expect(await tryFault(fault)).toBe('');
    });
  });
}
