import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {expect, it} from 'vitest';
import {sideModuleCode, TARGET} from '../../scripts/side_module.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

// The compiler takes its time where others work too.
it('finds the committed side module to be what its sources compile to', {timeout: 600_000}, async () => {
  expect(readFileSync(root + TARGET, 'utf8') === (await sideModuleCode()), 'run `npm run side-module`').toBe(
    true,
  );
});

it('leaves room for the rest in the 12 kB, gzipped, that the entry of the wasm kernels may have', () => {
  const size = gzipSync(readFileSync(root + TARGET)).length;
  console.log(`${TARGET}: ${size} bytes gzipped`);
  expect(size).toBeLessThan(9000);
});
