import {describe, expect, it} from 'vitest';
import {formatLine, HistoryFileError, parseLines} from '../../../plugin/node/history_lines.js';
import {errorOf} from '../../support/expect_no_leak.js';

const read = (text: string) => parseLines('h.jsonl', text).map(({values}) => values);

describe('formatLine', () => {
  it('is JSON, with what JSON has no number for as a string', () => {
    const line = formatLine({epoch: 2, loss: 0.5, margin: NaN, up: Infinity, down: -Infinity, zero: -0});
    expect(line).toBe('{"epoch":2,"loss":0.5,"margin":"NaN","up":"Infinity","down":"-Infinity","zero":-0}\n');
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('comes back exactly', () => {
    const values = [
      0.1,
      1 / 3,
      5e-324,
      1.7976931348623157e308,
      1e21,
      2 ** 53 - 1,
      -0,
      NaN,
      Infinity,
      -Infinity,
    ];
    for (const value of [...values, Math.fround(0.1)]) {
      const line = {epoch: 0, 'a "quoted"\nkey': value};
      expect(read(formatLine(line))).toEqual([line]);
    }
  });
});

describe('parseLines', () => {
  it('keeps the order and the text of the lines', () => {
    const text = '{"epoch":1, "loss":1}\n{"epoch":0}\r\n';
    expect(parseLines('h.jsonl', text)).toEqual([
      {text: '{"epoch":1, "loss":1}\n', values: {epoch: 1, loss: 1}},
      {text: '{"epoch":0}\r\n', values: {epoch: 0}},
    ]);
  });

  it.each(['', '{"epoch":0', '{"epoch":0}'])('leaves out a last line without its end: %j', text => {
    expect(read(text)).toEqual([]);
    expect(read(`{"epoch":7}\n${text}`)).toEqual([{epoch: 7}]);
  });

  it.each([
    ['{"epoch":0', /line 2: expected JSON/],
    ['', /line 2: expected JSON/],
    ['[1]', /line 2: expected an object/],
    ['null', /line 2: expected an object/],
    ['{"loss":1}', /line 2: expected an epoch/],
    ['{"epoch":-1}', /line 2: expected an epoch/],
    ['{"epoch":1.5}', /line 2: expected an epoch/],
    ['{"epoch":1,"loss":null}', /line 2: expected loss to be a number, got null/],
    ['{"epoch":1,"loss":"nan"}', /line 2: expected loss to be a number, got "nan"/],
    ['{"epoch":1,"loss":[1]}', /line 2: expected loss to be a number, got \[1\]/],
  ])('refuses the line %j between others, by its number', async (line, message) => {
    for (const rest of ['{"epoch":2}\n', '']) {
      const error = await errorOf(() => read(`{"epoch":0}\n${line}\n${rest}`));
      expect(error).toBeInstanceOf(HistoryFileError);
      expect(error).toMatchObject({name: 'HistoryFileError', path: 'h.jsonl', line: 2});
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toMatch(/^h\.jsonl, .*mend or remove/);
    }
  });
});
