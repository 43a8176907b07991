import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {expect, it} from 'vitest';
import {sideModuleCode, TARGET} from '../../scripts/side_module.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('finds the committed side module to be what its sources compile to', async () => {
  expect(readFileSync(root + TARGET, 'utf8') === (await sideModuleCode()), 'run `npm run side-module`').toBe(
    true,
  );
});

it('keeps both variants of the module under 8 kB, gzipped as text', () => {
  const size = gzipSync(readFileSync(root + TARGET)).length;
  console.log(`${TARGET}: ${size} bytes gzipped`);
  expect(size).toBeLessThan(8000);
});
