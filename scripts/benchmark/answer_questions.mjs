import {createInterface} from 'node:readline';
import {MARK} from './ask_process.mjs';

/**
 * The worker's side of `startWorker`: answers each question `{ask: name, ...}` with what `asks[name]` makes of it, or with
 * `{error}` where that fails, until there are no more; then ends the process, whatever a library keeps open.
 */
export async function answerQuestions(asks) {
  for await (const line of createInterface({input: process.stdin})) {
    let answer;
    try {
      const question = JSON.parse(line);
      answer = await asks[question.ask](question);
    } catch (error) {
      answer = {error: String(error?.message ?? error)};
    }
    process.stdout.write(`${MARK}${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
