import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {stamp, writeResult} from '../../../scripts/benchmark/result_files.mjs';

it('writes the numbers as JSON and the table as text, side by side', () => {
  const root = mkdtempSync(join(tmpdir(), 'large-margin-result-'));
  try {
    const path = writeResult({rows: [{ms: 1.5}]}, 'the table', 'run', join(root, 'deep/er'));
    expect(path).toBe(join(root, 'deep/er/run'));
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toEqual({rows: [{ms: 1.5}]});
    expect(readFileSync(`${path}.txt`, 'utf8')).toBe('the table\n');
  } finally {
    rmSync(root, {recursive: true, force: true});
  }
});

it('names files by their time so that they sort', () => {
  expect(stamp(new Date(2026, 0, 5, 9, 7))).toBe('2026-01-05-0907');
});
