import {describe, expect, it} from 'vitest';
import {decodeState, encodeState, EvaluationStateError} from '../../../src/evaluation/evaluation_state.js';
import {digest} from '../../../src/digest.js';
import {errorOf} from '../../support/expect_no_leak.js';

const identity = {model: 'a', x: 'b'};
const figures = {clean: {success: '010', distance: ['NaN', 'Infinity']}, 'probe:slopes': 0.25};
const read = (text: string, of: Record<string, string> = identity) => decodeState('report', text, of);
const refusal = async (text: string, of?: Record<string, string>) => {
  const error = await errorOf(() => read(text, of));
  expect(error).toBeInstanceOf(EvaluationStateError);
  return error as EvaluationStateError;
};

describe('decodeState', () => {
  it('reads what encodeState wrote', async () => {
    expect(await read(await encodeState(identity, figures))).toEqual(figures);
    expect(await read(await encodeState(identity, {}))).toEqual({});
  });

  it('notices every cut and every changed character', async () => {
    const text = await encodeState(identity, figures);
    for (let i = 0; i < text.length; i++) {
      expect((await refusal(text.slice(0, i))).code).toBe('damaged');
      const other = text[i] === '1' ? '2' : '1';
      expect((await refusal(text.slice(0, i) + other + text.slice(i + 1))).code).toBe('damaged');
    }
    expect((await refusal(text + text)).code).toBe('damaged');
  });

  it('refuses what another version wrote', async () => {
    for (const format of [1, 3]) {
      const body = JSON.stringify({format, identity, figures});
      const error = await refusal(`${body}\n${await digest([body])}\n`);
      expect([error.code, error.message]).toEqual(['version', expect.stringContaining(`format ${format}`)]);
    }
  });

  it('names what differs, what one of both does not have included', async () => {
    const text = await encodeState(identity, figures);
    expect((await refusal(text, {model: 'a', x: 'c'})).differs).toEqual(['x']);
    expect((await refusal(text, {model: 'z', seed: '0'})).differs).toEqual(['model', 'seed', 'x']);
    expect((await refusal(text, {model: 'a', x: 'c'})).message).toMatch(
      /^report: the state .* differs in x; /,
    );
  });
});
