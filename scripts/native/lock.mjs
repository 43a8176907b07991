import {createHash} from 'node:crypto';
import {createServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

const POLL_MS = 300;

/**
 * Holds a lock named after `folder` while run() works; waits for its turn, calling onWait once.
 * An abstract socket serves as the lock: the kernel frees it when its process dies, however it dies,
 * so there is no stale lock file to judge. Linux only, as is the whole set-up.
 */
export async function withLock(folder, run, {onWait = () => {}} = {}) {
  const name = '\0tfjs-large-margin-' + createHash('sha256').update(folder).digest('hex').slice(0, 32);
  let waited = false;
  let server;
  while (!(server = await tryListen(name))) {
    if (!waited) onWait();
    waited = true;
    await sleep(POLL_MS);
  }
  try {
    return await run({waited});
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
}

function tryListen(path) {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy());
    server.once('error', error => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen({path}, () => resolve(server));
  });
}
