import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect, it} from 'vitest';
import {startWorker} from '../../../scripts/benchmark/ask_process.mjs';

it('answers by name, says what went wrong and goes on, and ends in spite of what is still open', async () => {
  const script = `
    import {answerQuestions} from '${pathToFileURL(resolve('scripts/benchmark/answer_questions.mjs')).href}';
    setInterval(() => {}, 1000);
    await answerQuestions({
      twice: async ({n}) => ({twice: 2 * n}),
      fail: () => { throw new Error('no such net'); },
    });`;
  const worker = startWorker({file: process.execPath, args: ['--input-type=module', '-e', script]});
  expect(await worker.ask({ask: 'twice', n: 4})).toEqual({twice: 8});
  expect(await worker.ask({ask: 'fail'})).toEqual({error: 'no such net'});
  expect((await worker.ask({ask: 'other'})).error).toContain('not a function');
  expect(await worker.ask({ask: 'twice', n: 5})).toEqual({twice: 10});
  await worker.close();
  // Of its own accord, not killed after some seconds.
  expect(await worker.ask({ask: 'twice', n: 6})).toEqual({error: 'the worker ended with code 0'});
});
