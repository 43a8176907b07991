import {describe, expect, it} from 'vitest';
import {InterruptedError, SetupError} from '../../scripts/native/setup_error.mjs';
import {trySetup, wantsNative} from '../../scripts/start.mjs';

describe('wantsNative', () => {
  it.each([[], ['--quick'], ['--backend', 'tfjs-node'], ['--only', 'noise', '--seed', '2']])(
    'sets the native engine up for %s %s',
    (...argv) => expect(wantsNative(argv)).toBe(true),
  );

  it.each([['--backend', 'wasm'], ['--quick', '--backend=cpu'], ['--help']])(
    'leaves it alone for %s %s',
    (...argv) => expect(wantsNative(argv)).toBe(false),
  );

  it('leaves wrong arguments to the program that knows them', () => {
    expect(wantsNative(['--nosuch', '--backend'])).toBe(true);
  });
});

describe('trySetup', () => {
  const linesOf = async (error: Error) => {
    const lines: string[] = [];
    const setUp = async (): Promise<never> => {
      throw error;
    };
    await trySetup(setUp, (line: string) => lines.push(line));
    return lines;
  };

  it('goes on with wasm where the engine cannot be set up, and says why and how to try again', async () => {
    expect(await linesOf(new SetupError('No Python was found.'))).toEqual([
      '[native] No Python was found.',
      '[native] Going on with wasm, which needs none of this and is slower; `npm run native` tries again.',
    ]);
  });

  it('shows where a failure that nobody thought of came from, and goes on all the same', async () => {
    const [first, second] = await linesOf(new TypeError('x is undefined'));
    expect(first).toMatch(/^\[native\] TypeError: x is undefined\n +at /);
    expect(second).toContain('Going on with wasm');
  });

  it('does not go on when the user ended it', async () => {
    await expect(linesOf(new InterruptedError('SIGINT'))).rejects.toThrow('Interrupted by SIGINT');
  });
});
