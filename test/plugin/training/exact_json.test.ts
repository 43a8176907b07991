import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {parseExactly, stringifyExactly} from '../../../plugin/training/exact_json.js';

describe('stringifyExactly and parseExactly', () => {
  it.each([NaN, Infinity, -Infinity, -0, 0, 5e-324, 0.1 + 0.2, Number.MAX_VALUE, 2 ** 53 + 2])(
    'keep the number %d, deep inside too',
    value => {
      expect(Object.is(parseExactly(stringifyExactly(value)), value)).toBe(true);
      const deep = {a: [1, {b: value}]};
      expect(parseExactly(stringifyExactly(deep))).toEqual(deep);
    },
  );

  it('keep keys that look like their own sign for a number', () => {
    const value = {$number: 'NaN', $$number: 3, a: {$number: NaN}, $numbers: 1, number: 2};
    expect(parseExactly(stringifyExactly(value))).toEqual(value);
    expect(parseExactly(stringifyExactly({$number: {$number: {}}}))).toEqual({$number: {$number: {}}});
  });

  it('keep whatever JSON can hold, and all numbers', () => {
    const value = fc.jsonValue();
    const extended = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('$number', '$$number', '__proto__')),
      fc.oneof(value, fc.double(), fc.array(fc.double())),
    );
    fc.assert(
      fc.property(extended, written => {
        expect(parseExactly(stringifyExactly(written))).toStrictEqual({...written});
      }),
      {seed: 1, numRuns: 500},
    );
  });

  it('write what any reader of JSON can read', () => {
    expect(stringifyExactly({loss: [0.5, NaN]})).toBe('{"loss":[0.5,{"$number":"NaN"}]}');
  });
});
