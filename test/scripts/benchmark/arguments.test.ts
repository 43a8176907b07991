import {describe, expect, it} from 'vitest';
import {readArguments, UsageError} from '../../../scripts/benchmark/arguments.mjs';

const parts = {mnist: {always: true}, gpu: {always: true}, rivals: {always: false}};
const read = (text: string) => readArguments(text.split(' ').filter(Boolean), parts);

describe('readArguments', () => {
  it('takes the parts that always run when none is named', () => {
    expect(read('').parts).toEqual(['mnist', 'gpu']);
  });

  it('takes the named ones, each once, in their order', () => {
    expect(read('rivals mnist rivals').parts).toEqual(['rivals', 'mnist']);
  });

  it('reads numbers and lists', () => {
    expect(
      read('--steps 2 --rounds 1 --engines a,b --modes ce --batches 64,256 --name quiet_1'),
    ).toMatchObject({
      ...{steps: 2, rounds: 1, engines: ['a', 'b'], modes: ['ce'], batches: [64, 256], name: 'quiet_1'},
      ...{minutes: undefined, help: false},
    });
    expect(read('-h').help).toBe(true);
  });

  it.each([
    ['nothing', 'unknown part nothing; known parts: mnist, gpu, rivals'],
    ['toString', 'unknown part toString'],
    ['--steps two', '--steps: expected a whole number > 0, got two'],
    ['--rounds 0', '--rounds: expected a whole number > 0, got 0'],
    ['--batches 64,x', '--batches: expected a whole number > 0, got x'],
    ['--name ../x', '--name: expected letters'],
    ['--unknown', "'--unknown'"],
  ])('refuses %s in one sentence', (text, message) => {
    expect(() => read(text)).toThrow(UsageError);
    expect(() => read(text)).toThrow(message);
  });
});
