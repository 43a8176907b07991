import {describe, expect, it} from 'vitest';
import {matchNames, type Named} from '../../../plugin/optimizer/matching.js';

const of = (...names: Array<string | [string, number[]]>): Named[] =>
  names.map(name => (typeof name === 'string' ? {name, shape: [2]} : {name: name[0], shape: name[1]}));
const match = (variables: Named[], saved: Named[]) => Object.fromEntries(matchNames(variables, saved));

describe('names of a saved state', () => {
  it('belong to the variables of the same names, in any order', () => {
    expect(match(of('a/k', 'b/k'), of('b/k', 'a/k', 'c/k'))).toEqual({'a/k': 'a/k', 'b/k': 'b/k'});
  });

  it('belong to variables whose names tfjs made unique since, on either side or on both', () => {
    expect(match(of('a/k_1', 'b/k_1'), of('a/k', 'b/k'))).toEqual({'a/k_1': 'a/k', 'b/k_1': 'b/k'});
    expect(match(of('a/k'), of('a/k_3'))).toEqual({'a/k': 'a/k_3'});
    expect(match(of('a/k_12'), of('a/k_3'))).toEqual({'a/k_12': 'a/k_3'});
    // A weight that is called w_1 by its maker.
    expect(match(of('a/w_1_1', 'a/w_2_1'), of('a/w_2', 'a/w_1'))).toEqual({
      'a/w_1_1': 'a/w_1',
      'a/w_2_1': 'a/w_2',
    });
  });

  it('that fit several go by the order of the endings, which is the order of making', () => {
    const pairs = {'a/k_2': 'a/k', 'a/k_10': 'a/k_1'};
    expect(match(of('a/k_10', 'a/k_2'), of('a/k_1', 'a/k'))).toEqual(pairs);
  });

  it('go to nobody where there are more of one side than of the other', () => {
    expect(match(of('a/k_7', 'a/k_8'), of('a/k'))).toEqual({});
    expect(match(of('a/k_7'), of('a/k_3', 'a/k_4'))).toEqual({});
  });

  it('never fit another shape', () => {
    expect(match(of(['a/k', [3]]), of('a/k'))).toEqual({});
    expect(match(of(['a/k_1', [3]], 'a/k_2'), of('a/k'))).toEqual({'a/k_2': 'a/k'});
  });

  it('that a user gave without a slash are not taken for others with a number', () => {
    expect(match(of('w_4'), of('w_2', 'w'))).toEqual({});
    expect(match(of('w_2'), of('w_2', 'w'))).toEqual({w_2: 'w_2'});
  });

  it('that tfjs made up go by order where numbers differ from the last run', () => {
    // As strings '10' comes before '9'.
    expect(match(of('12', '11'), of('9', '10'))).toEqual({11: '9', 12: '10'});
    // One of them is there already, but is not what it was.
    expect(match(of('1', '2'), of('0', '1'))).toEqual({1: '0', 2: '1'});
  });

  it('that tfjs made up are themselves where all are there, and go to nobody where shapes differ', () => {
    expect(match(of('1'), of('0', '1'))).toEqual({1: '1'});
    expect(match(of('5', ['6', [3]]), of(['0', [3]], '1'))).toEqual({});
  });
});
