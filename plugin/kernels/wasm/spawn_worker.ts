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
