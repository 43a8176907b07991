import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {checkPython} from '../../../scripts/benchmark/python_environment.mjs';
import {recipe} from '../../../scripts/native/recipe.mjs';
import {SetupError} from '../../../scripts/native/setup_error.mjs';

describe('checkPython', () => {
  it('takes the Python that the packages are pinned for', () => {
    expect(checkPython({command: '/usr/bin/python3.11', version: '3.11', pip: true})).toBe(
      '/usr/bin/python3.11',
    );
  });

  it('refuses another, or none, with the way out', () => {
    expect(() => checkPython({command: 'python3', version: '3.12', pip: true})).toThrow(SetupError);
    expect(() => checkPython({command: 'python3', version: '3.12', pip: true})).toThrow(
      'Python 3.12 was found',
    );
    expect(() => checkPython(null)).toThrow('no Python was found');
  });
});

describe('the list of packages', () => {
  const lines = readFileSync('test/benchmark/peers/requirements.txt', 'utf8')
    .split('\n')
    .filter(Boolean)
    .slice(1);

  it('pins every package exactly', () => {
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(line => !/^[A-Za-z0-9_-]+==[0-9][0-9A-Za-z.]*$/.test(line))).toEqual([]);
  });

  it('has the TensorFlow of the native engine', () => {
    expect(lines).toContain(recipe.requirement);
  });
});
