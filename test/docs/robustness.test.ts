import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {flagChecks} from '../../src/evaluation/flags.js';
import {namedAttacks, namedMinimumAttacks} from '../../src/evaluation/named_attacks.js';

const page = readFileSync('docs/robustness.md', 'utf8');

describe('docs/robustness.md', () => {
  it('has a row for every flag, in their order, and no other', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` /gm)].map(match => match[1]);
    expect(rows).toEqual(Object.keys(flagChecks));
  });

  it('names every attack that a report knows by name', () => {
    const names = Object.keys({...namedAttacks, ...namedMinimumAttacks});
    expect(names.filter(name => !new RegExp(`[\`']${name}[\`']`).test(page))).toEqual([]);
  });
});
