/** What both kinds of worker have in common. */
export interface SpawnedWorker {
  postMessage(data: unknown): void;
  terminate(): unknown;
}

/**
 * Starts a worker on a script that sets `onmessage`.
 *
 * @param onError Gets what is wrong with it, as part of a sentence, where it cannot start.
 * @throws Error where none may be made.
 */
export type SpawnWorker = (script: string, onError: (reason: string) => void) => SpawnedWorker;

// One for the page; it is never given back, as the workers fetch it later.
const urls = new Map<string, string>();

/** A page's worker, out of a Blob: a policy of the page may forbid it. */
export const spawnInPage: SpawnWorker = (script, onError) => {
  const url = urls.get(script) ?? URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
  urls.set(script, url);
  const worker = new Worker(url);
  worker.onerror = ({message}) => onError(message || 'the page lets no worker start');
  return worker;
};

/** What is taken of Node's own modules. They are asked for at run time, so that pages can import this. */
interface NodeModules {
  'node:os': {availableParallelism?(): number};
  'node:worker_threads': {
    Worker: new (
      script: string,
      options: {eval: true},
    ) => SpawnedWorker & {unref(): void; on(event: 'error', listener: (error: Error) => void): void};
  };
}

function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as unknown as NodeModules[Name] | undefined;
}

/** A thread of Node, which keeps no process alive. */
export const spawnInNode: SpawnWorker = (script, onError) => {
  const {Worker} = nodeModule('node:worker_threads')!;
  const listen = `require('node:worker_threads').parentPort.once('message', data => onmessage({data}));`;
  const worker = new Worker(`${script}${listen}`, {eval: true});
  worker.on('error', ({message}) => onError(message));
  worker.unref();
  return worker;
};

/** How many threads Node can run at a time; 1 in pages, and in versions of Node that do not say. */
export function nodeThreads(): number {
  return nodeModule('node:os')?.availableParallelism?.() ?? 1;
}
