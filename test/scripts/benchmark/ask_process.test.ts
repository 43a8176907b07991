import {afterEach, describe, expect, it} from 'vitest';
import {readPeak, startWorker} from '../../../scripts/benchmark/ask_process.mjs';

let worker: ReturnType<typeof startWorker>;
afterEach(() => worker?.kill());

/** A worker that answers each question with what `body` makes of it. */
function start(body: string) {
  const script = `
    const {createInterface} = require('node:readline');
    createInterface({input: process.stdin}).on('line', line => { const q = JSON.parse(line); ${body} });
  `;
  worker = startWorker({file: process.execPath, args: ['-e', script]});
  return worker;
}

const ANSWER = 'console.log("ANSWER " + JSON.stringify({twice: 2 * q.n}));';

describe('startWorker', () => {
  it('asks one question after another and reads past what libraries print', async () => {
    start(`console.log('some library says hello'); ${ANSWER}`);
    expect(await worker.ask({n: 2})).toEqual({twice: 4});
    expect(await worker.ask({n: 5})).toEqual({twice: 10});
    expect(worker.peakBytes()).toBeGreaterThan(1e6);
    await worker.close();
  });

  it('tells why a worker ended, now and for every later question', async () => {
    start(`console.error('out of memory'); process.exit(3);`);
    const answer = {error: 'the worker ended with code 3 (out of memory)'};
    expect(await worker.ask({n: 1})).toEqual(answer);
    expect(await worker.ask({n: 1})).toEqual(answer);
    await worker.close();
  });

  it('ends a worker that does not answer in time', async () => {
    start('');
    expect(await worker.ask({n: 1}, 200)).toEqual({error: 'no answer within 0 s'});
    await worker.close();
  });

  it('tells that there is no such program', async () => {
    worker = startWorker({file: '/no/such/program', args: []});
    expect((await worker.ask({n: 1})).error).toContain('ENOENT');
    await worker.close();
  });

  it('takes broken JSON for a failure', async () => {
    start('console.log("ANSWER {");');
    expect((await worker.ask({n: 1})).error).toContain('not JSON');
    await worker.close();
  });
});

describe('readPeak', () => {
  it('reads the high-water mark, in bytes', () => {
    expect(readPeak('Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n')).toBe(
      2_097_152,
    );
  });

  it('knows nothing where the system does not say', () => {
    expect(readPeak('Name:\tnode\n')).toBeNull();
  });
});
