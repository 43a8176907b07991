import {spawn} from 'node:child_process';

const running = new Set();

/** Ends every program started here, with all that it started itself. */
export function stopChildren() {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

/** Runs a program without a shell; resolves to {code, output}, code 127 when there is no such program. */
export function runCommand(file, args, options = {}) {
  const {onTick, tickMs = 500, timeout, ...spawnOptions} = options;
  return new Promise(resolve => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      detached: true,
      ...spawnOptions,
    });
    running.add(child);
    let output = '';
    let stdout = '';
    child.stdout.on('data', chunk => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.on('data', chunk => (output += chunk));
    const timer = onTick && setInterval(onTick, tickMs);
    const finish = (code, extra = '') => {
      clearInterval(timer);
      running.delete(child);
      resolve({code, stdout, output: output + extra});
    };
    child.on('error', error => finish(error.code === 'ENOENT' ? 127 : 126, error.message));
    child.on('close', (code, signal) => finish(code ?? 1, signal ? `\nended by ${signal}` : ''));
  });
}
