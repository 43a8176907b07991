import {resolveObjectURL} from 'node:buffer';
import {Worker as NodeWorker} from 'node:worker_threads';

// In a page a worker's script has its messages as events of a global.
const PAGE = `
  const {parentPort} = require('node:worker_threads');
  Object.defineProperty(globalThis, 'onmessage', {
    set: listener => parentPort.on('message', data => listener({data})),
  });
`;

/** What a page's `Worker` is for the script of a Blob, on Node's threads. */
export class PageWorker {
  static readonly all: PageWorker[] = [];
  onerror: ((event: {message: string}) => void) | null = null;
  isTerminated = false;
  readonly #worker: Promise<NodeWorker>;

  constructor(url: string) {
    PageWorker.all.push(this);
    this.#worker = this.#start(url);
  }

  postMessage(data: unknown): void {
    void this.#worker.then(worker => worker.postMessage(data));
  }

  terminate(): void {
    this.isTerminated = true;
    void this.#worker.then(worker => worker.terminate());
  }

  async #start(url: string): Promise<NodeWorker> {
    const script = await resolveObjectURL(url)!.text();
    const worker = new NodeWorker(PAGE + script, {eval: true});
    worker.on('error', ({message}) => this.onerror?.({message}));
    return worker;
  }
}
