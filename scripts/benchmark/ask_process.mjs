import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

/** What a line with an answer begins with. */
export const MARK = 'ANSWER ';
const KEPT_CHARACTERS = 2000;

/**
 * Starts a worker that waits for questions: one JSON object a line on its stdin, and for each a line `ANSWER {json}` on
 * its stdout. It computes only while a question is open.
 */
export function startWorker({file, args, env = {}}) {
  const child = spawn(file, args, {env: {...process.env, ...env}, stdio: ['pipe', 'pipe', 'pipe']});
  let complaints = '';
  let pending = null;
  let ended = null;
  const settle = answer => {
    clearTimeout(pending?.timer);
    pending?.resolve(answer);
    pending = null;
  };
  const end = reason => {
    ended ??= reason;
    settle({error: ended});
  };
  child.stdin.on('error', () => {});
  child.stderr.on('data', chunk => (complaints = (complaints + chunk).slice(-KEPT_CHARACTERS)));
  child.on('error', error => end(error.message));
  child.on('close', (code, signal) => end(describeEnd(code, signal, complaints)));
  createInterface({input: child.stdout}).on('line', line => {
    if (line.startsWith(MARK)) settle(readAnswer(line.slice(MARK.length)));
  });

  /** Resolves to the answer, `{error}` when the worker fails, ends or takes too long. */
  function ask(question, timeoutMs = 600_000) {
    if (ended !== null) return Promise.resolve({error: ended});
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        end(`no answer within ${Math.round(timeoutMs / 1000)} s`);
      }, timeoutMs);
      pending = {resolve, timer};
      child.stdin.write(`${JSON.stringify(question)}\n`);
    });
  }

  /** Ends the worker and waits until it is gone: its memory and its threads are then free for the next. */
  function close() {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      return Promise.resolve();
    return new Promise(resolve => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      child.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      child.stdin.end();
    });
  }

  return {ask, close, peakBytes: () => peakBytes(child.pid), kill: () => child.kill('SIGKILL')};
}

/** The most memory a running process ever held (VmHWM), or null where the system does not say. */
export function peakBytes(pid) {
  try {
    return readPeak(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return null;
  }
}

/** Reads VmHWM out of the text of /proc/<pid>/status. */
export function readPeak(status) {
  const kilobytes = status.match(/^VmHWM:\s+(\d+) kB$/m)?.[1];
  return kilobytes === undefined ? null : 1024 * Number(kilobytes);
}

function readAnswer(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {error: `not JSON: ${text.slice(0, 100)}`};
  }
}

function describeEnd(code, signal, complaints) {
  const last = complaints.trim().split('\n').at(-1);
  return `the worker ended with ${signal ?? `code ${code}`}${last ? ` (${last})` : ''}`;
}
